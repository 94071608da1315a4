package io.millrace.engine.decode;

import io.millrace.core.BaseDescription;
import io.millrace.core.MillraceException;
import io.millrace.engine.DType;
import io.millrace.engine.torch.Tensor;
import io.millrace.engine.torch.TensorList;
import io.millrace.engine.torch.TensorScope;
import io.millrace.engine.torch.TorchCall;
import io.millrace.engine.torch.TorchModule;
import io.millrace.engine.torch.TorchRuntime;
import io.millrace.engine.torch.TorchSource;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** The TorchScript of decoding, compiled for one base's shape, dtype and device. */
final class DecodeKernels implements AutoCloseable {
    private static final int LARGEST_PART = 256;

    private final TorchRuntime torch;
    private final TorchModule module;
    /** The same for adapters whose weights aren't packed. */
    private final TorchModule plainAdapters;

    private final DType dtype;
    private final boolean packs;

    private DecodeKernels(
            TorchRuntime torch, TorchModule module, TorchModule plainAdapters, DType dtype, boolean packs) {
        this.torch = torch;
        this.module = module;
        this.plainAdapters = plainAdapters;
        this.dtype = dtype;
        this.packs = packs;
    }

    static DecodeKernels compile(TorchRuntime torch, BaseDescription base, DType dtype) {
        TorchSource source =
                TorchSource.resource(DecodeKernels.class, "decode.py").with(parameters(base, dtype));
        boolean packs = dtype == DType.BF16 && !torch.device().isCuda() && canPack(torch);
        TorchSource whole = source.and(part(packs ? "linear-packed.py" : "linear.py"));
        TorchModule module = torch.load(whole.and(part("adapters-alike.py")));
        TorchModule plainAdapters = packs ? torch.load(whole.and(part("adapters-plain.py"))) : module;
        return new DecodeKernels(torch, module, plainAdapters, dtype, packs);
    }

    TorchRuntime torch() {
        return torch;
    }

    DType dtype() {
        return dtype;
    }

    /** Whether weights of linear layers are in a layout of their own, of use to nothing else. */
    boolean packs() {
        return packs;
    }

    TorchCall call(String method) {
        return module.call(method);
    }

    /** A method that takes sets of adapters, all with packed weights or all without. */
    TorchCall call(String method, List<AdapterSet> sets) {
        boolean plain = sets.stream().anyMatch(set -> set.ranks() > 0 && !set.packed());
        return (plain ? plainAdapters : module).call(method);
    }

    /** A copy in the dtype of activations. */
    Tensor cast(Tensor x) {
        return module.call("cast_copy").arg(x).arg(dtype.torchCode()).toTensor();
    }

    /** The matrices one after the other along a dimension, as a weight of a linear layer. */
    Tensor packed(List<Tensor> parts, int dimension) {
        if (parts.size() == 1) {
            return module.call("packed").arg(parts.get(0)).toTensor();
        }
        try (Tensor whole = joined(parts, dimension)) {
            return module.call("packed").arg(whole).toTensor();
        }
    }

    /** The matrices one after the other along a dimension. */
    Tensor joined(List<Tensor> parts, int dimension) {
        try (TensorList list = TensorList.of(parts)) {
            return module.call("join").arg(list).arg(dimension).toTensor();
        }
    }

    /** A tensor in the dtype of activations. */
    Tensor tensor(float[] values, long... shape) {
        try (Tensor plain = torch.tensor(values, shape)) {
            return module.call("cast").arg(plain).arg(dtype.torchCode()).toTensor();
        }
    }

    @Override
    public void close() {
        module.close();
        plainAdapters.close();
    }

    private static TorchSource part(String resource) {
        return TorchSource.resource(DecodeKernels.class, resource);
    }

    private static Map<String, Object> parameters(BaseDescription base, DType dtype) {
        int queries = base.heads() * base.headDim();
        int keys = base.kvHeads() * base.headDim();
        return Map.ofEntries(
                Map.entry("norm_floor", Math.sqrt(base.hiddenSize() * base.rmsNormEps())),
                Map.entry("norm_scale", Math.sqrt(base.hiddenSize())),
                Map.entry("hidden", base.hiddenSize()),
                Map.entry("half_head", base.headDim() / 2),
                Map.entry("head", base.headDim()),
                Map.entry("heads", base.heads()),
                Map.entry("kv_heads", base.kvHeads()),
                Map.entry("group", base.heads() / base.kvHeads()),
                Map.entry("q_end", queries),
                Map.entry("k_end", queries + keys),
                Map.entry("v_end", queries + 2 * keys),
                Map.entry("intermediate", base.intermediateSize()),
                Map.entry("blocks", base.layers()),
                Map.entry("part", partOfLogits(base.vocabSize())),
                Map.entry("scale", 1 / Math.sqrt(base.headDim())),
                Map.entry("dtype", dtype.torchCode()));
    }

    /** How many logits are a part of a row's, see {@code best} in decode.py: the vocabulary is whole parts. */
    private static int partOfLogits(int vocabSize) {
        return IntStream.iterate(LARGEST_PART, size -> size - 1)
                .filter(size -> vocabSize % size == 0)
                .findFirst()
                .orElseThrow();
    }

    /** oneDNN has bf16 kernels for some processors only, and libtorch has oneDNN on some platforms only: it is tried. */
    private static boolean canPack(TorchRuntime torch) {
        float[] identity = new float[64 * 64];
        for (int i = 0; i < 64; i++) {
            identity[i * 64 + i] = 1;
        }
        TorchSource probe = new TorchSource("""
                def probe(self, x: Tensor) -> Tensor:
                  y = torch.to(x, 15)
                  return torch.sum(torch.to(self.linear_add(self.linear(y, self.packed(y)), y, self.packed(y)), 6))
                """);
        try (TorchModule module = torch.load(probe.and(part("linear-packed.py")));
                TensorScope scope = new TensorScope()) {
            Tensor x = scope.own(torch.tensor(identity, 64, 64));
            return scope.own(module.call("probe").arg(x).toTensor()).toFloat() == 128;
        } catch (MillraceException e) {
            return false;
        }
    }
}
