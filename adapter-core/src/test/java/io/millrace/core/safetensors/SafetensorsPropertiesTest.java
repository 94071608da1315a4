package io.millrace.core.safetensors;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.From;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.AlphaChars;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

class SafetensorsPropertiesTest {
    private static final String SEED = "20260101";

    record Tensor(String name, TensorDType dtype, long[] shape, byte[] content) {}

    @Provide
    Arbitrary<Tensor> tensors() {
        Arbitrary<String> names = Arbitraries.of("", " ", "a", "\"", "\\", "\n", "\u0000", "ü", "中", "😀", "\uffff")
                .list()
                .ofMaxSize(5)
                .map(parts -> String.join("", parts));
        Arbitrary<long[]> shapes =
                Arbitraries.longs().between(0, 5).array(long[].class).ofMaxSize(4);
        return Combinators.combine(names, Arbitraries.of(TensorDType.class), shapes, Arbitraries.randomValue(r -> r))
                .as((name, dtype, shape, random) -> {
                    byte[] content =
                            new byte[(int) (dtype.bytes() * Arrays.stream(shape).reduce(1, (a, b) -> a * b))];
                    random.nextBytes(content);
                    return new Tensor(name, dtype, shape, content);
                });
    }

    @Property(tries = 150, seed = SEED)
    void everyFileSurvivesWritingAndReading(
            @ForAll @Size(max = 6) List<@From("tensors") Tensor> tensors,
            @ForAll @Size(max = 3) Map<@AlphaChars String, @AlphaChars String> metadata) {
        Map<String, Tensor> byName = new TreeMap<>();
        tensors.forEach(t -> byName.putIfAbsent(t.name(), t));
        SafetensorsWriter writer = new SafetensorsWriter().metadata(metadata);
        byName.values().forEach(t -> writer.add(t.name(), t.dtype(), t.shape(), ByteBuffer.wrap(t.content())));
        byte[] written = writer.toBytes();
        SafetensorsFile file = SafetensorsFile.of(written);
        assertThat(written).hasSize((int) writer.sizeBytes());
        assertThat(file.metadata()).isEqualTo(metadata);
        assertThat(file.tensors().keySet()).isEqualTo(byName.keySet());
        byName.values().forEach(t -> {
            TensorInfo info = file.info(t.name());
            assertThat(info.dims()).isEqualTo(t.shape());
            assertThat(info.dtype()).isEqualTo(t.dtype());
            assertThat(file.data(t.name())).isEqualTo(ByteBuffer.wrap(t.content()));
            // Each tensor stands at a multiple of its element's size, so a mapped file can be read in place.
            assertThat(info.begin() % t.dtype().bytes()).isZero();
        });
    }

    @Property(tries = 1_500, seed = SEED)
    void aDamagedFileIsReadOrRefusedNothingElse(
            @ForAll Random random, @ForAll @IntRange(min = 1, max = 6) int changes) {
        byte[] file = new SafetensorsWriter()
                .metadata("format", "pt")
                .add("a", new long[] {2, 2}, new float[4])
                .add("b", TensorDType.U8, new long[] {3}, ByteBuffer.allocate(3))
                .toBytes();
        for (int i = 0; i < changes; i++) {
            // most changes to the header, where they matter
            int at = random.nextInt(10) == 0 ? random.nextInt(file.length) : random.nextInt(file.length - 19);
            file[at] = "0123456789{}[]\":,-abU8 ".getBytes(StandardCharsets.US_ASCII)[random.nextInt(23)];
            if (random.nextInt(4) == 0) {
                file[at] = (byte) random.nextInt();
            }
        }
        readEverything(Arrays.copyOf(file, file.length - (random.nextInt(5) == 0 ? random.nextInt(8) : 0)));
    }

    @Property(tries = 300, seed = SEED)
    void arbitraryHeadersAreReadOrRefusedNothingElse(@ForAll String header, @ForAll @IntRange(max = 20) int dataBytes) {
        byte[] json = ("{" + header).getBytes(StandardCharsets.UTF_8);
        readEverything(ByteBuffer.allocate(8 + json.length + dataBytes)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(json.length)
                .put(json)
                .array());
    }

    @Property(tries = 300, seed = SEED)
    void arbitraryBytesAreReadOrRefusedNothingElse(@ForAll byte[] content) {
        readEverything(content);
    }

    private static void readEverything(byte[] content) {
        try {
            SafetensorsFile file = SafetensorsFile.of(content);
            for (TensorInfo tensor : file.tensors().values()) {
                assertThat(file.data(tensor.name()).remaining()).isEqualTo((int) tensor.sizeBytes());
                if (tensor.dtype().isFloat()) {
                    assertThat(file.floats(tensor.name())).hasSize((int) tensor.elements());
                } else {
                    assertThat(file.longs(tensor.name())).hasSize((int) tensor.elements());
                }
            }
        } catch (MillraceException e) {
            assertThat(e.code()).isEqualTo(ErrorCode.BAD_SAFETENSORS);
            assertThat(e.getMessage()).isNotBlank();
        }
    }
}
