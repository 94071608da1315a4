package io.millrace.core;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The one way to write a JSON value: RFC 8785 (JSON Canonicalization Scheme). Members are sorted by the UTF-16 code
 * units of their names, numbers are written as ECMAScript writes an IEEE 754 double (so integers beyond 2^53 lose
 * digits: write those as strings), nothing stands between tokens.
 */
public final class CanonicalJson {
    private static final HexFormat HEX = HexFormat.of();
    private static final int MAX_DIGITS = 17; // enough to tell any two doubles apart
    private static final int MAX_PLAIN_EXPONENT = 21;
    private static final int MIN_PLAIN_EXPONENT = -6;

    private CanonicalJson() {}

    /**
     * Writes maps with string keys, lists, strings, numbers, booleans and nulls.
     *
     * @throws IllegalArgumentException for anything else, for NaN and infinities, and for unpaired surrogates
     */
    public static byte[] bytes(Object value) {
        return text(value).getBytes(StandardCharsets.UTF_8);
    }

    public static String text(Object value) {
        StringBuilder text = new StringBuilder();
        write(value, text);
        return text.toString();
    }

    private static void write(Object value, StringBuilder out) {
        if (value == null || value instanceof Boolean) {
            out.append(value);
        } else if (value instanceof CharSequence s) {
            writeString(s, out);
        } else if (value instanceof Number n) {
            out.append(number(n));
        } else if (value instanceof List<?> list) {
            writeList(list, out);
        } else if (value instanceof Map<?, ?> map) {
            writeMap(map, out);
        } else {
            throw new IllegalArgumentException(
                    "no JSON value: " + value.getClass().getName());
        }
    }

    private static void writeList(List<?> list, StringBuilder out) {
        out.append('[');
        String separator = "";
        for (Object element : list) {
            out.append(separator);
            write(element, out);
            separator = ",";
        }
        out.append(']');
    }

    private static void writeMap(Map<?, ?> map, StringBuilder out) {
        TreeMap<String, Object> sorted = new TreeMap<>(); // String's order is that of UTF-16 code units
        map.forEach((key, element) -> sorted.put((String) key, element));
        out.append('{');
        String separator = "";
        for (Map.Entry<String, Object> entry : sorted.entrySet()) {
            out.append(separator);
            writeString(entry.getKey(), out);
            out.append(':');
            write(entry.getValue(), out);
            separator = ",";
        }
        out.append('}');
    }

    private static void writeString(CharSequence text, StringBuilder out) {
        out.append('"');
        int written = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < ' ' || c == '"' || c == '\\') {
                out.append(text, written, i);
                escape(c, out);
                written = i + 1;
            } else if (Character.isSurrogate(c)) {
                i = endOfPair(text, i);
            }
        }
        out.append(text, written, text.length()).append('"');
    }

    private static int endOfPair(CharSequence text, int i) {
        if (i + 1 == text.length() || !Character.isSurrogatePair(text.charAt(i), text.charAt(i + 1))) {
            throw new IllegalArgumentException("a string holds an unpaired surrogate");
        }
        return i + 1;
    }

    /** Writes a character as JSON's escape: the short one where it has one, else its four digits. */
    public static void escape(char c, StringBuilder out) {
        switch (c) {
            case '"' -> out.append("\\\"");
            case '\\' -> out.append("\\\\");
            case '\b' -> out.append("\\b");
            case '\t' -> out.append("\\t");
            case '\n' -> out.append("\\n");
            case '\f' -> out.append("\\f");
            case '\r' -> out.append("\\r");
            default -> out.append("\\u").append(HEX.toHexDigits(c));
        }
    }

    private static String number(Number number) {
        if (number instanceof Integer
                || number instanceof Long
                || number instanceof Short
                || number instanceof Byte
                || number instanceof BigInteger) {
            BigInteger integer = new BigInteger(number.toString());
            if (integer.bitLength() <= 53) {
                return integer.toString();
            }
        }
        return number(number.doubleValue());
    }

    /** ECMAScript's Number::toString: the shortest digits that name this double, the closest where several do. */
    private static String number(double value) {
        if (Double.isNaN(value) || Double.isInfinite(value)) {
            throw new IllegalArgumentException("JSON has no number " + value);
        }
        if (value == 0) {
            return "0"; // also for -0
        }
        BigDecimal decimal = shortest(Math.abs(value));
        String digits = decimal.unscaledValue().toString();
        int exponent = digits.length() - decimal.scale(); // the value is 0.digits * 10^exponent
        String sign = value < 0 ? "-" : "";
        return sign + layout(digits, exponent);
    }

    // Double.toString isn't the shortest before Java 19.
    private static BigDecimal shortest(double magnitude) {
        BigDecimal exact = new BigDecimal(magnitude);
        for (int precision = 1; precision < MAX_DIGITS; precision++) {
            BigDecimal rounded = exact.round(new MathContext(precision, RoundingMode.HALF_EVEN));
            if (rounded.doubleValue() == magnitude) {
                return rounded.stripTrailingZeros();
            }
        }
        return exact.round(new MathContext(MAX_DIGITS, RoundingMode.HALF_EVEN)).stripTrailingZeros();
    }

    private static String layout(String digits, int exponent) {
        int length = digits.length();
        if (length <= exponent && exponent <= MAX_PLAIN_EXPONENT) {
            return digits + "0".repeat(exponent - length);
        }
        if (0 < exponent && exponent <= MAX_PLAIN_EXPONENT) {
            return digits.substring(0, exponent) + "." + digits.substring(exponent);
        }
        if (MIN_PLAIN_EXPONENT < exponent && exponent <= 0) {
            return "0." + "0".repeat(-exponent) + digits;
        }
        int power = exponent - 1;
        String fraction = length == 1 ? "" : "." + digits.substring(1);
        return digits.charAt(0) + fraction + "e" + (power < 0 ? "-" : "+") + Math.abs(power);
    }
}
