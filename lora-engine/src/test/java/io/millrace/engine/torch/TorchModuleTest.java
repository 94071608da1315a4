package io.millrace.engine.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.core.MillraceException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class TorchModuleTest {
    private static final TorchSource SOURCE = new TorchSource("""
            # infix operators, slices and tensor methods
            def scaled(self, x: Tensor, factor: float) -> Tensor:
              y = x * factor + ${offset}
              return y[:, 0:2].contiguous()

            def total(self, xs: List[Tensor]) -> Tensor:
              t = torch.zeros_like(xs[0])
              for i in range(len(xs)):
                t = t + xs[i]
              return t

            def count(self, xss: List[List[Tensor]]) -> int:
              n = 0
              for i in range(len(xss)):
                n = n + len(xss[i])
              return n

            def both(self, x: Tensor, flag: bool, shape: List[int]) -> List[Tensor]:
              if flag:
                r = [x, x.reshape(shape)]
              else:
                r = [x]
              return r

            def set_first(self, xs: List[Tensor], x: Tensor) -> int:
              xs[0] = x
              return 0

            def gradient_of_square(self, x0: Tensor) -> Tensor:
              torch.set_grad_enabled(True)
              x = torch.requires_grad_(torch.detach(x0))
              gs = torch.grad([torch.sum(x * x)], [x])
              return unchecked_cast(Tensor, gs[0])

            def broken(self, x: Tensor, y: Tensor) -> Tensor:
              torch.set_grad_enabled(True)
              return torch.mm(x, y)

            def half(self, x: Tensor) -> Tensor:
              return torch.to(torch.to(x, 15) * 0.5, 6)

            def add_in_place(self, x: Tensor) -> int:
              y = torch.add_(x, 1)
              return 0
            """);

    private final TorchRuntime torch = TorchRuntime.start("cpu", 2);
    private final TorchModule module = torch.loadRecording(SOURCE.with(Map.of("offset", 1)));
    private final long liveBefore = TorchRuntime.liveHandles();

    @BeforeEach
    void nothingLeaksFromSetup() {
        assertThat(liveBefore).isEqualTo(TorchRuntime.liveHandles());
    }

    @AfterEach
    void everyHandleIsFreed() {
        assertThat(TorchRuntime.liveHandles()).isEqualTo(liveBefore);
        module.close();
    }

    @Test
    void runsSourceTextWithTemplateParameters() {
        try (Tensor x = torch.tensor(new float[] {1, 2, 3, 4, 5, 6}, 2, 3);
                Tensor y = module.call("scaled").arg(x).arg(10.0).toTensor()) {
            assertThat(y.shape()).containsExactly(2, 2);
            assertThat(y.toFloats()).containsExactly(11, 21, 41, 51);
        }
    }

    @Test
    void passesListsAndListsOfLists() {
        try (Tensor x = torch.tensor(new float[] {1, 2}, 2);
                TensorList one = TensorList.of(x, x, x);
                TensorList two = TensorList.of(List.of(x));
                TensorList nested = TensorList.ofLists(List.of(one, two));
                Tensor sum = module.call("total").arg(one).toTensor()) {
            assertThat(sum.toFloats()).containsExactly(3, 6);
            assertThat(module.call("count").arg(nested).toLong()).isEqualTo(4);
        }
    }

    @Test
    void aListKeepsWhatAMethodPutsIntoIt() {
        try (Tensor x = torch.tensor(new float[] {1, 2}, 2);
                Tensor y = torch.tensor(new float[] {5, 6}, 2);
                TensorList list = TensorList.of(x)) {
            module.call("set_first").arg(list).arg(y).run();
            try (Tensor sum = module.call("total").arg(list).toTensor()) {
                assertThat(sum.toFloats()).containsExactly(5, 6);
            }
        }
    }

    @Test
    void returnsListsOfTensors() {
        try (TensorScope scope = new TensorScope()) {
            Tensor x = scope.own(torch.tensor(new long[] {1, 2, 3, 4}, 4));
            List<Tensor> both = scope.own(
                    module.call("both").arg(x).arg(true).arg(new long[] {2, 2}).toTensors());
            assertThat(both).hasSize(2);
            assertThat(both.get(1).shape()).containsExactly(2, 2);
            assertThat(both.get(1).toLongs()).containsExactly(1, 2, 3, 4);
        }
    }

    @Test
    void gradientModeIsRestoredAlsoAfterAnError() {
        try (Tensor x = torch.tensor(new float[] {1, 2}, 2);
                Tensor g = module.call("gradient_of_square").arg(x).toTensor()) {
            assertThat(g.toFloats()).containsExactly(2, 4);
            boolean before = LibTorch.gradMode();
            assertThatThrownBy(() -> module.call("broken").arg(x).arg(x).toTensor())
                    .isInstanceOf(MillraceException.class)
                    .hasMessageContaining("libtorch")
                    .hasMessageContaining("must be a matrix");
            assertThat(LibTorch.gradMode()).isEqualTo(before);
        }
    }

    @Test
    void sourceThatDoesNotCompileIsAnError() {
        assertThatThrownBy(() -> torch.load(new TorchSource("def f(self, x: Tensor) -> Tensor:\n  return nowhere(x)")))
                .isInstanceOf(MillraceException.class);
        assertThatThrownBy(() -> SOURCE.with(Map.of())).hasMessageContaining("offset");
    }

    @Test
    void tensorsOfBfloat16AndFloat16AreReinterpretedBytes() {
        ByteBuffer bf16 = ByteBuffer.allocateDirect(4).order(ByteOrder.LITTLE_ENDIAN);
        bf16.putShort((short) 0x3f80).putShort((short) 0xc000).flip();
        ByteBuffer f16 = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN);
        f16.putShort((short) 0x3c00).putShort((short) 0xc000).flip();
        try (Tensor mapped = torch.map(ElementType.BF16, bf16, 1, 2);
                Tensor copied = torch.copyOf(ElementType.F16, f16, 2)) {
            assertThat(mapped.shape()).containsExactly(1, 2);
            assertThat(mapped.toFloats()).containsExactly(1, -2);
            assertThat(copied.toFloats()).containsExactly(1, -2);
        }
    }

    @Test
    void aMappedTensorSeesTheBufferAndACopyDoesNot() {
        ByteBuffer bytes = ByteBuffer.allocateDirect(8).order(ByteOrder.nativeOrder());
        bytes.putFloat(0, 1).putFloat(4, 2);
        try (Tensor mapped = torch.map(ElementType.F32, bytes, 2);
                Tensor copied = torch.copyOf(ElementType.F32, bytes, 2)) {
            bytes.putFloat(0, 7);
            assertThat(mapped.toFloats()).containsExactly(7, 2);
            assertThat(copied.toFloats()).containsExactly(1, 2);
            module.call("add_in_place").arg(copied).run();
            assertThat(copied.toFloats()).containsExactly(2, 3);
        }
    }

    @Test
    void shapesThatDoNotFitAreRefused() {
        assertThatThrownBy(() -> torch.tensor(new float[] {1, 2, 3}, 2))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("12");
    }

    @Test
    void anUnknownDeviceIsABadSetting() {
        assertThatThrownBy(() -> TorchRuntime.start("tpu", 1))
                .isInstanceOf(MillraceException.class)
                .hasMessageContaining("cuda:N");
        assertThatThrownBy(() -> TorchRuntime.start("cuda:99", 1)).hasMessageContaining("--device cpu");
        assertThat(TorchRuntime.start("auto", 1).fingerprint()).startsWith("libtorch-");
    }
}
