package io.millrace.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ManifestTest {
    private static final Digest D = Digest.of("d");
    private static final VersionId PARENT = VersionId.of(Digest.of("parent"));
    private static final byte[] CARD = "card".getBytes(StandardCharsets.UTF_8);

    private static Manifest manifest() {
        return new Manifest(
                AdapterName.parse("acme/support"),
                D,
                Optional.of(PARENT),
                Optional.empty(),
                LoraConfig.of(16, 32, 0.05, Set.of("v_proj", "q_proj")),
                new TreeSet<>(Set.of("b", "a")),
                List.of(new Manifest.Round(3, D, D), new Manifest.Round(4, D, D)),
                new TreeMap<>(Map.of("README.md", Manifest.FileDigest.of(CARD))));
    }

    @Test
    void hasOneCanonicalForm() {
        String d = D.hex();
        String expected = "{\"adapter\":\"acme/support\",\"base\":\"" + d + "\",\"files\":{\"README.md\":{\"sha256\":\""
                + Digest.of(CARD) + "\",\"size\":4}},\"fingerprints\":[\"a\",\"b\"],\"format\":\"millrace-version/1\","
                + "\"lora\":{\"alpha\":\"32\",\"dropout\":\"0.05\",\"rank\":16,\"rslora\":false,"
                + "\"target_modules\":[\"q_proj\",\"v_proj\"]},\"parent\":\"" + PARENT + "\",\"rounds\":["
                + "{\"head\":\"" + d + "\",\"ordinal\":3,\"plan\":\"" + d + "\"},"
                + "{\"head\":\"" + d + "\",\"ordinal\":4,\"plan\":\"" + d + "\"}]}";
        assertThat(new String(manifest().canonicalBytes(), StandardCharsets.UTF_8))
                .isEqualTo(expected);
        assertThat(manifest().id().hex()).isEqualTo(Digest.of(expected).hex().substring(0, 40));
        assertThat(Manifest.parse(manifest().canonicalBytes())).isEqualTo(manifest());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            {"adapter"                  | { "adapter"                  | canonical
            "format":                   | "extra":1,"format":          | canonical
            "acme/support"              | "support"                    | adapter name
            millrace-version/1          | millrace-version/9           | millrace-version/9
            "rank":16                   | "rank":0                     | rank
            "rank":16                   | "rank":"16"                  | 'rank'
            "alpha":"32"                | "alpha":32                   | 'alpha'
            "alpha":"32"                | "alpha":"32.0"               | canonical
            "alpha":"32"                | "alpha":"NaN"                | no number
            "q_proj","v_proj"           | "v_proj","q_proj"            | canonical
            "ordinal":4                 | "ordinal":3                  | follows
            "ordinal":3                 | "ordinal":0                  | at least 1
            "size":4                    | "size":-4                    | -4 bytes
            "README.md"                 | "../README"                  | can't be a file
            "README.md"                 | "millrace.json"              | can't be a file
            "parent":"                  | "parent":"g                  | 40 hex
            "base":"                    | "base":"g                    | 64 hex
            "fingerprints":["a","b"]    | "fingerprints":"a"           | 'fingerprints'
            "fingerprints":["a","b"]    | "fingerprints":[1]           | 'fingerprints'
            ]}                          | ],"rounds":[]}               | Duplicate
            ]}                          | ]                            | no JSON object
            """)
    void refusesEverythingElse(String part, String changed, String message) {
        String canonical = new String(manifest().canonicalBytes(), StandardCharsets.UTF_8);
        int at = canonical.lastIndexOf(part);
        assertThat(at).isNotNegative();
        String text = canonical.substring(0, at) + changed + canonical.substring(at + part.length());
        assertThatThrownBy(() -> Manifest.parse(text.getBytes(StandardCharsets.UTF_8)))
                .isInstanceOf(MillraceException.class)
                .hasMessageContaining(message);
    }

    @Test
    void namesEveryFileThatDiffers() {
        assertThat(manifest().findings(Map.of("README.md", CARD, Manifest.FILE, new byte[1])))
                .isEmpty();
        assertThat(manifest().findings(Map.of())).containsExactly("README.md is missing");
        assertThat(manifest().findings(Map.of("README.md", new byte[4], "x", new byte[0])))
                .satisfiesExactly(f -> assertThat(f).startsWith("README.md has the digest"), f -> assertThat(f)
                        .isEqualTo("x is not listed in the manifest"));
    }
}
