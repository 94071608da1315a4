package io.millrace.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CanonicalJsonTest {

    /** RFC 8785, appendix B, and ECMAScript's borders between the layouts. */
    @ParameterizedTest
    @CsvSource({
        "0000000000000000, 0",
        "8000000000000000, 0",
        "0000000000000001, 5e-324",
        "8000000000000001, -5e-324",
        "7fefffffffffffff, 1.7976931348623157e+308",
        "ffefffffffffffff, -1.7976931348623157e+308",
        "4340000000000000, 9007199254740992",
        "c340000000000000, -9007199254740992",
        "4430000000000000, 295147905179352830000",
        "44b52d02c7e14af5, 9.999999999999997e+22",
        "44b52d02c7e14af6, 1e+23",
        "44b52d02c7e14af7, 1.0000000000000001e+23",
        "444b1ae4d6e2ef4e, 999999999999999700000",
        "444b1ae4d6e2ef4f, 999999999999999900000",
        "444b1ae4d6e2ef50, 1e+21",
        "3eb0c6f7a0b5ed8c, 9.999999999999997e-7",
        "3eb0c6f7a0b5ed8d, 0.000001",
        "41b3de4355555553, 333333333.3333332",
        "41b3de4355555554, 333333333.33333325",
        "41b3de4355555555, 333333333.3333333",
        "41b3de4355555556, 333333333.3333334",
        "41b3de4355555557, 333333333.33333343",
        "becbf647612f3696, -0.0000033333333333333333",
        "43143ff3c1cb0959, 1424953923781206.2"
    })
    void writesDoublesAsEcmascriptDoes(String bits, String expected) {
        double value = Double.longBitsToDouble(Long.parseUnsignedLong(bits, 16));
        assertThat(CanonicalJson.text(value)).isEqualTo(expected);
    }

    @Test
    void writesIntegersAndTheirDoublesAlike() {
        assertThat(CanonicalJson.text(List.of(1, 1L, 1.0, BigInteger.ONE))).isEqualTo("[1,1,1,1]");
        assertThat(CanonicalJson.text(Long.MAX_VALUE)).isEqualTo("9223372036854776000");
        assertThat(CanonicalJson.text(0.002)).isEqualTo("0.002");
    }

    /** RFC 8785, section 3.2.3. */
    @Test
    void sortsByUtf16CodeUnits() {
        Map<String, Object> map = new LinkedHashMap<>();
        for (String key : List.of("\u20ac", "\r", "\ufb33", "1", "\ud83d\ude00", "\u0080", "\u00f6")) {
            map.put(key, key.length());
        }
        assertThat(CanonicalJson.text(map))
                .isEqualTo(
                        "{\"\\r\":1,\"1\":1,\"\u0080\":1,\"\u00f6\":1,\"\u20ac\":1,\"\ud83d\ude00\":2,\"\ufb33\":1}");
    }

    @Test
    void escapesOnlyWhatMustBe() {
        assertThat(CanonicalJson.text("\u20ac$\u000F\nA'B\"\\/\b\t\f\r\u007f\u2028"))
                .isEqualTo("\"\u20ac$\\u000f\\nA'B\\\"\\\\/\\b\\t\\f\\r\u007f\u2028\"");
    }

    @Test
    void keepsSurrogatePairsWhereverTheyStand() {
        assertThat(CanonicalJson.bytes("\ud83d\ude00\n\ud83d\ude00"))
                .isEqualTo("\"\ud83d\ude00\\n\ud83d\ude00\"".getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void writesNestedValues() {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("b", Arrays.asList(true, false, null));
        map.put("a", Map.of());
        assertThat(CanonicalJson.text(map)).isEqualTo("{\"a\":{},\"b\":[true,false,null]}");
    }

    @Test
    void refusesWhatJsonCannotSay() {
        for (Object value : Arrays.asList(
                Double.NaN,
                Double.POSITIVE_INFINITY,
                "\ud800",
                "x\n\ud800",
                "\ud800x",
                "\ud800\ud800\udc00",
                "\udc00x",
                Map.of("\udc00", 1),
                new Object(),
                Map.of("k", new int[0]))) {
            assertThatThrownBy(() -> CanonicalJson.bytes(value)).isInstanceOf(IllegalArgumentException.class);
        }
    }
}
