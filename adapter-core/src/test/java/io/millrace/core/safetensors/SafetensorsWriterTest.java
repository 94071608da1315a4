package io.millrace.core.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.core.Digest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsWriterTest {
    @TempDir
    Path directory;

    @Test
    void writesTheSameBytesInWhateverOrderTensorsAreAdded() {
        ByteBuffer byteTensor = ByteBuffer.wrap(new byte[] {1, 2, 3});
        byte[] one = new SafetensorsWriter()
                .metadata("b", "2")
                .metadata("a", "1")
                .add("x", TensorDType.U8, new long[] {3}, byteTensor)
                .add("z", new long[] {1}, new float[] {1})
                .add("y", new long[] {1}, new float[] {2})
                .toBytes();
        byte[] other = new SafetensorsWriter()
                .add("y", new long[] {1}, new float[] {2})
                .add("z", new long[] {1}, new float[] {1})
                .add("x", TensorDType.U8, new long[] {3}, byteTensor)
                .metadata("a", "1")
                .metadata("b", "2")
                .toBytes();
        assertThat(one).isEqualTo(other);
        String header = new String(one, 8, one.length - 8 - 11, StandardCharsets.UTF_8);
        assertThat(header)
                .startsWith("{\"__metadata__\":{\"a\":\"1\",\"b\":\"2\"},"
                        + "\"y\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
                        + "\"z\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]},"
                        + "\"x\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[8,11]}}");
        assertThat(ByteBuffer.wrap(one).order(ByteOrder.LITTLE_ENDIAN).getLong() % 8)
                .isZero();
    }

    @Test
    void tellsTheDigestWithoutTheBytes() {
        // Given more numbers than are written at once
        float[] values = new float[40_000];
        for (int i = 0; i < values.length; i++) {
            values[i] = i;
        }
        SafetensorsWriter writer = new SafetensorsWriter()
                .metadata("format", "pt")
                .add("x", new long[] {values.length}, values)
                .add("y", TensorDType.U8, new long[] {3}, ByteBuffer.wrap(new byte[] {1, 2, 3}));

        // When, then
        assertThat(writer.digest()).isEqualTo(Digest.of(writer.toBytes()));
    }

    @Test
    void writesTheSameBytesAsTheReferenceImplementation() throws IOException {
        // Given a file that Python's safetensors wrote
        byte[] golden;
        try (var in = getClass().getResourceAsStream("/golden/compose-c/adapter_model.safetensors")) {
            golden = in.readAllBytes();
        }
        SafetensorsFile file = SafetensorsFile.of(golden);
        // When its tensors are written again
        SafetensorsWriter writer = new SafetensorsWriter().metadata(file.metadata());
        file.tensors().forEach((name, t) -> writer.add(name, t.dtype(), t.dims(), file.data(name)));
        // Then the bytes are the same
        assertThat(writer.sizeBytes()).isEqualTo(golden.length);
        assertThat(writer.toBytes()).isEqualTo(golden);
    }

    @Test
    void leavesNothingBehindWhenASourceFails() {
        SafetensorsWriter tooShort = new SafetensorsWriter()
                .add("a", TensorDType.U8, new long[] {3}, out -> out.write(ByteBuffer.wrap(new byte[2])));
        assertThatThrownBy(() -> tooShort.writeTo(directory.resolve("x.safetensors")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("needs 3 bytes")
                .hasMessageContaining("only 2");
        assertThat(directory).isEmptyDirectory();
        SafetensorsWriter tooLong =
                new SafetensorsWriter().add("a", TensorDType.U8, new long[] {3}, ByteBuffer.wrap(new byte[4]));
        assertThatThrownBy(tooLong::toBytes).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void refusesANameTwice() {
        SafetensorsWriter writer = new SafetensorsWriter().add("a", new long[] {1}, new float[1]);
        assertThatThrownBy(() -> writer.add("a", new long[] {1}, new float[1]))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> writer.add("__metadata__", new long[] {1}, new float[1]))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> writer.add("b", TensorDType.F32, new long[] {-1}, ByteBuffer.allocate(0)))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
