package io.millrace.engine.base;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.millrace.core.BaseDescription.Quantisation;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.core.safetensors.HalfFloats;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class GgufImportTest {
    @TempDir
    Path temp;

    @ParameterizedTest
    @EnumSource(GgufType.class)
    void tensorsOfEveryTypeComeOutWithRowsInTheirPlaces(GgufType type) throws IOException {
        // Given a GGUF file of one type
        TinyGguf gguf = new TinyGguf(type);
        Path file = Files.write(temp.resolve("tiny.gguf"), gguf.writer().toBytes());

        // When it is opened dense
        try (Base base = Bases.openDirectory(file, Quantisation.DENSE)) {
            // Then every tensor has the stored numbers, under Hugging Face's name and order of rows
            for (String name : base.tensorNames()) {
                assertThat(floats((BaseTensor.Dense) base.tensor(name)))
                        .as(name)
                        .isEqualTo(gguf.stored(name));
            }
        }
    }

    @Test
    void itIsTheSameModelAsTheDirectoryItWasMadeFrom() throws IOException {
        // Given the same model as GGUF in full precision and as a Hugging Face directory
        Path file = Files.write(
                temp.resolve("tiny.gguf"), new TinyGguf(GgufType.F32).writer().toBytes());

        try (Base gguf = Bases.openDirectory(file, Quantisation.NF4);
                Base directory = Bases.openDirectory(TinyGguf.SOURCE, Quantisation.NF4)) {
            // Then description, quantised tensors and tokens agree
            assertThat(gguf.description())
                    .usingRecursiveComparison()
                    .ignoringFields("id", "name", "vocabSize")
                    .isEqualTo(directory.description());
            String name = "model.layers.1.self_attn.k_proj.weight";
            assertThat(Nf4.dequantise((BaseTensor.Nf4) gguf.tensor(name)))
                    .isEqualTo(Nf4.dequantise((BaseTensor.Nf4) directory.tensor(name)));
            String text = "<|im_start|>user\nIt's 12345, naïve 你好 🙂<|im_end|>\n";
            assertThat(gguf.tokenizer().encode(text))
                    .isEqualTo(directory.tokenizer().encode(text));
            assertThat(gguf.tokenizer().decode(gguf.tokenizer().encode(text), true))
                    .isEqualTo("user\nIt's 12345, naïve 你好 🙂\n");
            assertThat(gguf.chatTemplate()).isPresent();
        }
    }

    @Test
    void aTruncatedFileIsRefused() throws IOException {
        // Given a file cut off anywhere
        byte[] whole = new TinyGguf(GgufType.Q4_1).writer().toBytes();
        for (int length : new int[] {0, 3, 20, 200, 5000, whole.length / 2, whole.length - 1000}) {
            Path file = Files.write(temp.resolve("cut.gguf"), Arrays.copyOf(whole, length));

            // When it is opened, then it is refused before anything is made of it
            assertThatExceptionOfType(MillraceException.class)
                    .isThrownBy(() -> Bases.openDirectory(file, Quantisation.NF4))
                    .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.BAD_BASE));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {8, 16})
    void absurdCountsAreRefused(int offset) throws IOException {
        byte[] whole = new TinyGguf(GgufType.F32).writer().toBytes();
        ByteBuffer.wrap(whole).putLong(offset, -1);
        Path file = Files.write(temp.resolve("absurd.gguf"), whole);
        assertThatExceptionOfType(MillraceException.class)
                .isThrownBy(() -> Bases.openDirectory(file, Quantisation.NF4))
                .withMessageContaining("claims");
    }

    @ParameterizedTest
    @CsvSource({
        "general.architecture, mamba, UNSUPPORTED_BASE",
        "tokenizer.ggml.model, llama, UNSUPPORTED_BASE",
        "tokenizer.ggml.pre, qwen2, UNSUPPORTED_BASE",
        "llama.rope.scaling.type, yarn, UNSUPPORTED_BASE",
        "tokenizer.ggml.merges, , BAD_BASE",
        "llama.context_length, , BAD_BASE",
    })
    void whatIsntKnownIsRefused(String key, String value, ErrorCode code) throws IOException {
        GgufWriter writer = new TinyGguf(GgufType.F32).writer();
        if (value == null) {
            writer.remove(key);
        } else {
            writer.put(key, value);
        }
        Path file = Files.write(temp.resolve("other.gguf"), writer.toBytes());
        assertThatExceptionOfType(MillraceException.class)
                .isThrownBy(() -> Bases.openDirectory(file, Quantisation.NF4))
                .satisfies(e -> assertThat(e.code()).isEqualTo(code));
    }

    private static float[] floats(BaseTensor.Dense tensor) {
        float[] values = new float[tensor.data().remaining() / tensor.element().bytes()];
        for (int i = 0; i < values.length; i++) {
            values[i] = switch (tensor.element()) {
                case F32 -> tensor.data().getFloat(4 * i);
                case F16 -> HalfFloats.fromF16(tensor.data().getShort(2 * i));
                case BF16 -> HalfFloats.fromBf16(tensor.data().getShort(2 * i));
            };
        }
        return values;
    }
}
