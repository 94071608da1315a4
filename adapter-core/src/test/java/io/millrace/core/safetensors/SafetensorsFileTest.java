package io.millrace.core.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class SafetensorsFileTest {
    @TempDir
    Path directory;

    @ParameterizedTest
    @EnumSource(TensorDType.class)
    void readsWhatWasWritten(TensorDType dtype) {
        // Given two rows of three elements, and an empty tensor
        byte[] content = new byte[6 * dtype.bytes()];
        for (int i = 0; i < content.length; i++) {
            content[i] = (byte) (i + 1);
        }
        Path path = directory.resolve("t.safetensors");
        // When they are written and read
        new SafetensorsWriter()
                .metadata("format", "pt")
                .add("rows", dtype, new long[] {2, 3}, ByteBuffer.wrap(content))
                .add("none", dtype, new long[] {0, 3}, ByteBuffer.allocate(0))
                .writeTo(path);
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            // Then shape, bytes and metadata are the same
            assertThat(file.metadata()).isEqualTo(Map.of("format", "pt"));
            assertThat(file.tensors()).containsOnlyKeys("none", "rows");
            assertThat(file.info("rows").dims()).containsExactly(2, 3);
            assertThat(file.info("rows").dtype()).isEqualTo(dtype);
            assertThat(file.info("none").elements()).isZero();
            assertThat(bytes(file.data("rows"))).isEqualTo(content);
            assertThat(bytes(file.data("rows", 2, 3))).containsExactly(content[2], content[3], content[4]);
        }
        assertThat(directory).isDirectoryContaining("glob:**/t.safetensors");
        assertThat(directory.toFile().list()).hasSize(1);
    }

    @Test
    void readsEveryFloatAsFloat32() {
        ByteBuffer f16 = shorts(0x3c00, 0xc000, 0x0001, 0x7c00);
        ByteBuffer bf16 = shorts(0x3f80, 0xc000, 0x7f80, 0x0001);
        ByteBuffer f64 = ByteBuffer.allocate(16)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putDouble(0.1)
                .putDouble(-2)
                .flip();
        SafetensorsFile file = SafetensorsFile.of(new SafetensorsWriter()
                .add("f16", TensorDType.F16, new long[] {4}, f16)
                .add("bf16", TensorDType.BF16, new long[] {4}, bf16)
                .add("f64", TensorDType.F64, new long[] {2}, f64)
                .add("f32", new long[] {2}, new float[] {1.5f, -0f})
                .toBytes());
        assertThat(file.floats("f16")).containsExactly(1f, -2f, 0x1p-24f, Float.POSITIVE_INFINITY);
        assertThat(file.floats("bf16"))
                .containsExactly(1f, -2f, Float.POSITIVE_INFINITY, Float.intBitsToFloat(0x10000));
        assertThat(file.floats("f64")).containsExactly(0.1f, -2f);
        assertThat(file.floats("f32")).containsExactly(1.5f, -0f);
        assertThatThrownBy(() -> file.longs("f32"))
                .isInstanceOf(MillraceException.class)
                .hasMessageContaining("'f32'");
    }

    @Test
    void readsEveryIntegerAsLong() {
        ByteBuffer two = ByteBuffer.wrap(new byte[] {(byte) 0xff, 1});
        SafetensorsFile file = SafetensorsFile.of(new SafetensorsWriter()
                .add("u8", TensorDType.U8, new long[] {2}, two)
                .add("i8", TensorDType.I8, new long[] {2}, two)
                .add("bool", TensorDType.BOOL, new long[] {1}, ByteBuffer.wrap(new byte[] {1}))
                .add("i16", TensorDType.I16, new long[] {1}, shorts(-7))
                .toBytes());
        assertThat(file.longs("u8")).containsExactly(255, 1);
        assertThat(file.longs("i8")).containsExactly(-1, 1);
        assertThat(file.longs("bool")).containsExactly(1);
        assertThat(file.longs("i16")).containsExactly(-7);
        assertThatThrownBy(() -> file.floats("u8"))
                .isInstanceOf(MillraceException.class)
                .hasMessageContaining("U8");
        assertThatThrownBy(() -> file.data("missing"))
                .isInstanceOf(MillraceException.class)
                .hasMessageContaining("no tensor 'missing'");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            not JSON                  | hello                                                                            | 0 | begin with '{'
            cut JSON                  | {"a":{"dtype":"F32"                                                              | 0 | no valid JSON
            text after the end        | {} x                                                                             | 0 | no valid JSON
            second object             | {} {}                                                                            | 0 | after the closing brace
            tensor is no object       | {"a":1}                                                                          | 0 | 'a' must be an object
            no dtype                  | {"a":{"shape":[1],"data_offsets":[0,4]}}                                         | 4 | must have dtype
            no shape                  | {"a":{"dtype":"F32","data_offsets":[0,4]}}                                       | 4 | must have dtype
            no offsets                | {"a":{"dtype":"F32","shape":[1]}}                                                | 4 | must have dtype
            unknown dtype             | {"a":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}}                       | 1 | F8_E4M3
            dtype is a number         | {"a":{"dtype":5,"shape":[1],"data_offsets":[0,1]}}                               | 1 | string as dtype
            null shape                | {"a":{"dtype":"F32","shape":null,"data_offsets":[0,4]}}                          | 4 | as shape
            negative dimension        | {"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}                          | 4 | integers from 0
            two negative dimensions   | {"a":{"dtype":"F32","shape":[-1,-1],"data_offsets":[0,4]}}                       | 4 | integers from 0
            fractional dimension      | {"a":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}}                         | 4 | integers from 0
            dimension over 64 bits    | {"a":{"dtype":"F32","shape":[18446744073709551617],"data_offsets":[0,4]}}        | 4 | integers from 0
            overflowing product       | {"a":{"dtype":"F32","shape":[4294967296,4294967296,4],"data_offsets":[0,4]}}     | 4 | overflows
            overflow before a zero    | {"a":{"dtype":"F32","shape":[4294967296,4294967296,0],"data_offsets":[0,0]}}     | 0 | overflows
            size is not the shape's   | {"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}                           | 4 | needs 8
            one offset                | {"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}}                             | 4 | two data_offsets
            three offsets             | {"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}}                         | 4 | two data_offsets
            negative offset           | {"a":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}                          | 4 | integers from 0
            end before begin          | {"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}                           | 4 | before it begins
            out of range              | {"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}                           | 4 | ends at byte 8 of 4
            data cut off              | {"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}                           | 7 | truncated
            overlap                   | {"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}} | 6 | overlaps 'a'
            same place                | {"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}} | 4 | overlaps 'a'
            hole between              | {"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}} | 3 | belong to no tensor
            hole at the start         | {"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}                            | 2 | belong to no tensor
            bytes at the end          | {"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}                            | 2 | belong to no tensor
            duplicate tensor          | {"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}} | 1 | Duplicate field 'a'
            escaped duplicate         | {"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"\\u0061":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}} | 2 | Duplicate field 'a'
            duplicate field           | {"a":{"dtype":"U8","dtype":"I8","shape":[1],"data_offsets":[0,1]}}               | 1 | Duplicate field 'dtype'
            metadata is no object     | {"__metadata__":[]}                                                              | 0 | object of strings
            metadata holds a number   | {"__metadata__":{"a":1}}                                                         | 0 | must be a string
            """)
    void refusesMalformedHeaders(String what, String header, int dataBytes, String message) throws IOException {
        byte[] content = file(header.getBytes(StandardCharsets.UTF_8), dataBytes);
        assertRefused(content, message);
    }

    @Test
    void refusesTruncatedFiles() throws IOException {
        byte[] whole = new SafetensorsWriter()
                .add("a", new long[] {3}, new float[] {1, 2, 3})
                .toBytes();
        for (int length = 0; length < whole.length; length++) {
            byte[] cut = Arrays.copyOf(whole, length);
            assertRefused(cut, "truncated");
        }
        assertThat(SafetensorsFile.of(whole).floats("a")).containsExactly(1, 2, 3);
    }

    @Test
    void refusesHeadersOverTheLimit() throws IOException {
        ByteBuffer tooLong =
                ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN).putLong(100_000_001);
        assertRefused(tooLong.array(), "100000001");
        ByteBuffer negative =
                ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN).putLong(-1);
        assertRefused(negative.array(), "18446744073709551615");
    }

    @Test
    void refusesHeadersThatAreNoUtf8() throws IOException {
        byte[] header = "{\"__metadata__\":{\"a\":\"?\"}}".getBytes(StandardCharsets.ISO_8859_1);
        header[22] = (byte) 0xff;
        assertRefused(file(header, 0), "UTF-8");
    }

    @Test
    void refusesDeeplyNestedHeaders() throws IOException {
        String header = "{\"a\":{\"x\":" + "[".repeat(200_000);
        assertRefused(file(header.getBytes(StandardCharsets.UTF_8), 0), "no valid JSON");
    }

    @Test
    void refusesAFileThatIsNotThere() {
        assertThatThrownBy(() -> SafetensorsFile.open(directory.resolve("missing")))
                .isInstanceOfSatisfying(
                        MillraceException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.BAD_SAFETENSORS))
                .hasMessageContaining("no such file");
    }

    @Test
    void ignoresFieldsItDoesNotKnow() throws IOException {
        String header = "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1],\"note\":{\"x\":[1]}}}   ";
        assertThat(SafetensorsFile.of(file(header.getBytes(StandardCharsets.UTF_8), 1))
                        .tensors())
                .containsOnlyKeys("a");
    }

    @Test
    void readsTensorsBehindTwoGibibytes() throws IOException {
        // Given a sparse file with a tensor of 3 GiB and one behind it
        Path path = directory.resolve("large.safetensors");
        long large = 3L << 30;
        String header = "{\"large\":{\"dtype\":\"U8\",\"shape\":[" + large + "],\"data_offsets\":[0," + large + "]},"
                + "\"last\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[" + large + "," + (large + 4) + "]}}";
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
            file.write(file(header.getBytes(StandardCharsets.UTF_8), 0));
            long data = file.getFilePointer();
            file.seek(data + large - 1);
            file.write(7);
            file.write(new byte[] {0, 0, (byte) 0x80, 0x3f});
        }
        // When the parts are read, then each is found
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            assertThat(file.floats("last")).containsExactly(1f);
            assertThat(file.data("large", large - 1, 1).get(0)).isEqualTo((byte) 7);
            assertThatThrownBy(() -> file.data("large")).hasMessageContaining("too many for one buffer");
        }
    }

    private void assertRefused(byte[] content, String message) throws IOException {
        assertThatThrownBy(() -> SafetensorsFile.of(content))
                .isInstanceOfSatisfying(
                        MillraceException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.BAD_SAFETENSORS))
                .hasMessageContaining(message);
        Path path = Files.write(directory.resolve("bad.safetensors"), content);
        assertThatThrownBy(() -> SafetensorsFile.open(path))
                .isInstanceOfSatisfying(
                        MillraceException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.BAD_SAFETENSORS))
                .hasMessageContaining(message)
                .hasMessageContaining("bad.safetensors");
    }

    private static byte[] file(byte[] header, int dataBytes) {
        return ByteBuffer.allocate(8 + header.length + dataBytes)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(header.length)
                .put(header)
                .array();
    }

    private static ByteBuffer shorts(int... values) {
        ByteBuffer buffer = ByteBuffer.allocate(2 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        for (int value : values) {
            buffer.putShort((short) value);
        }
        return buffer.flip();
    }

    private static byte[] bytes(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        return bytes;
    }
}
