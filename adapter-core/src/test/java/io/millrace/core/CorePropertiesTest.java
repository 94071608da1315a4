package io.millrace.core;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.From;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.Size;

class CorePropertiesTest {
    private static final String SEED = "20260101";
    private static final ObjectMapper MAPPER = new ObjectMapper();

    @Property(tries = 5_000, seed = SEED)
    void canonicalNumbersNameTheSameDoubleInTheFewestDigits(@ForAll long bits) {
        double value = Double.longBitsToDouble(bits);
        if (Double.isNaN(value) || Double.isInfinite(value)) {
            return;
        }
        String text = CanonicalJson.text(value);
        assertThat(Double.parseDouble(text)).isEqualTo(value == 0 ? 0.0 : value);
        assertThat(digits(text)).isLessThanOrEqualTo(digits(Double.toString(value)));
    }

    private static long digits(String number) {
        String mantissa = number.replaceAll("[eE].*", "").replaceAll("[-.]", "");
        return mantissa.replaceAll("^0+", "").replaceAll("0+$", "").length();
    }

    @Provide
    Arbitrary<Object> json() {
        return Arbitraries.randomValue(random -> json(random, 3));
    }

    private static Object json(Random random, int depth) {
        return switch (random.nextInt(depth == 0 ? 5 : 9)) {
            case 0 -> text(random);
            case 1 -> random.nextInt();
            case 2 -> random.nextLong() >> 11;
            case 3 -> random.nextGaussian() * Math.pow(10, random.nextInt(60) - 30);
            case 4 -> random.nextBoolean();
            case 5, 6 -> {
                List<Object> list = new ArrayList<>();
                for (int i = random.nextInt(5); i > 0; i--) {
                    list.add(json(random, depth - 1));
                }
                yield list;
            }
            default -> {
                Map<String, Object> map = new LinkedHashMap<>();
                for (int i = random.nextInt(5); i > 0; i--) {
                    map.put(text(random), json(random, depth - 1));
                }
                yield map;
            }
        };
    }

    /** Of ASCII, control characters, the rest of the first plane and characters beyond it. */
    private static String text(Random random) {
        StringBuilder text = new StringBuilder();
        for (int i = random.nextInt(6); i > 0; i--) {
            int plane = random.nextInt(4);
            text.appendCodePoint(
                    plane == 0
                            ? random.nextInt(0x80)
                            : plane == 1
                                    ? random.nextInt(0x20)
                                    : plane == 2 ? 0x80 + random.nextInt(0xd000) : 0x10000 + random.nextInt(0x10000));
        }
        return text.toString();
    }

    @Property(tries = 500, seed = SEED)
    void canonicalJsonIsTheSameForEveryOrderOfMembersAndReadsBack(
            @ForAll @From("json") Object value, @ForAll Random random) throws Exception {
        String canonical = CanonicalJson.text(value);
        assertThat(CanonicalJson.text(shuffled(value, random))).isEqualTo(canonical);
        // Reading it and writing it again changes nothing.
        assertThat(CanonicalJson.text(MAPPER.readValue(canonical, Object.class)))
                .isEqualTo(canonical);
        // And another parser reads the same values.
        assertThat(numbersAsDoubles(MAPPER.readTree(canonical)))
                .isEqualTo(numbersAsDoubles(MAPPER.readTree(MAPPER.writeValueAsString(value))));
    }

    private static Object shuffled(Object value, Random random) {
        if (value instanceof Map<?, ?> map) {
            List<Map.Entry<?, ?>> entries = new ArrayList<>(map.entrySet());
            Collections.shuffle(entries, random);
            Map<Object, Object> shuffled = new LinkedHashMap<>();
            entries.forEach(e -> shuffled.put(e.getKey(), shuffled(e.getValue(), random)));
            return shuffled;
        }
        return value instanceof List<?> list
                ? list.stream().map(e -> shuffled(e, random)).toList()
                : value;
    }

    private static Object numbersAsDoubles(JsonNode node) {
        if (node.isNumber()) {
            return node.doubleValue() + 0.0; // -0 is written as 0
        }
        if (node.isArray()) {
            List<Object> list = new ArrayList<>();
            node.forEach(element -> list.add(numbersAsDoubles(element)));
            return list;
        }
        if (node.isObject()) {
            Map<String, Object> map = new LinkedHashMap<>();
            node.fields().forEachRemaining(e -> map.put(e.getKey(), numbersAsDoubles(e.getValue())));
            return map;
        }
        return node;
    }

    @Property(tries = 2_000, seed = SEED)
    void aNameIsReadBackOrRefused(@ForAll @From("names") String text) {
        try {
            AdapterName name = AdapterName.parse(text);
            assertThat(name.toString()).isEqualTo(text);
            assertThat(text).matches("[A-Za-z0-9._-]+/[A-Za-z0-9._-]+");
            assertThat(name.name()).doesNotMatch(".*\\.v\\d+").doesNotContain("..", "--");
            assertThat(name.namespace().length()).isBetween(1, 96);
            assertThat(name.name().length()).isBetween(1, 96);
        } catch (MillraceException e) {
            assertThat(e.code()).isEqualTo(ErrorCode.BAD_ADAPTER_NAME);
            assertThat(e.getMessage()).hasSizeLessThan(500);
        }
    }

    @Provide
    Arbitrary<String> names() {
        return Arbitraries.oneOf(
                Arbitraries.strings().withChars("ab9.-_/v").ofMaxLength(12),
                Arbitraries.strings().withChars("ab/").ofMinLength(90).ofMaxLength(220),
                Arbitraries.strings());
    }

    @Property(tries = 2_000, seed = SEED)
    void whateverARecordHoldsIsAnExampleOrARefusalThatFitsAHeader(@ForAll @From("records") byte[] record) {
        try {
            TrainingExample example = new ExampleParser(4_096).parse(record);
            assertThat(example.id()).isNotBlank();
            assertThat(example.weight()).isPositive();
        } catch (MillraceException e) {
            assertThat(e.getMessage())
                    .isNotBlank()
                    .hasSizeLessThanOrEqualTo(500)
                    .doesNotContain("\n");
        }
    }

    /** Arbitrary bytes, and good records with some characters changed. */
    @Provide
    Arbitrary<byte[]> records() {
        String good = "{\"adapter\":\"a/b\",\"id\":\"x\",\"weight\":1.5,\"messages\":[{\"role\":\"user\",\"content\":"
                + "\"u\"},{\"role\":\"assistant\",\"content\":[{\"type\":\"text\",\"text\":\"a\"}]}]}";
        Arbitrary<byte[]> changed = Arbitraries.randomValue(random -> {
            byte[] bytes = good.getBytes(StandardCharsets.UTF_8);
            for (int i = random.nextInt(4); i >= 0; i--) {
                bytes[random.nextInt(bytes.length)] =
                        (byte) (random.nextBoolean() ? random.nextInt() : "{}[]\":,0e\\u".charAt(random.nextInt(11)));
            }
            return bytes;
        });
        return Arbitraries.oneOf(
                changed, Arbitraries.bytes().array(byte[].class).ofMaxSize(60));
    }

    @Property(tries = 500, seed = SEED)
    void aChangedManifestIsRefused(@ForAll @Size(min = 1, max = 3) List<@From("edits") int[]> edits) {
        Manifest manifest = new Manifest(
                AdapterName.parse("a/b"),
                Digest.of("base"),
                Optional.empty(),
                Optional.empty(),
                LoraConfig.defaults(),
                new TreeSet<>(List.of("f")),
                List.of(new Manifest.Round(1, Digest.of("p"), Digest.of("h"))),
                new TreeMap<>(Map.of("x", Manifest.FileDigest.of(new byte[1]))));
        byte[] canonical = manifest.canonicalBytes();
        byte[] changed = canonical.clone();
        edits.forEach(e -> changed[Math.floorMod(e[0], changed.length)] = (byte) e[1]);
        try {
            // What is accepted has an id of its own.
            Manifest read = Manifest.parse(changed);
            assertThat(read.canonicalBytes()).isEqualTo(changed);
            assertThat(read.equals(manifest)).isEqualTo(Arrays.equals(changed, canonical));
        } catch (MillraceException e) {
            assertThat(e.getMessage()).isNotBlank();
        }
    }

    @Provide
    Arbitrary<int[]> edits() {
        return Arbitraries.randomValue(random -> new int[] {random.nextInt(), 32 + random.nextInt(96)});
    }
}
