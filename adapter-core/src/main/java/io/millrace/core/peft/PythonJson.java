package io.millrace.core.peft;

import io.millrace.core.CanonicalJson;
import java.math.BigDecimal;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** Writes JSON as Python's {@code json.dumps(value, indent=2, sort_keys=True)} does, byte for byte. */
final class PythonJson {
    private static final int MAX_PLAIN_EXPONENT = 16;
    private static final int MIN_PLAIN_EXPONENT = -4;

    private PythonJson() {}

    /** @param value maps with string keys, lists, strings, ints, doubles, booleans */
    static String write(Object value) {
        StringBuilder out = new StringBuilder();
        write(value, "\n", out);
        return out.toString();
    }

    private static void write(Object value, String lineStart, StringBuilder out) {
        if (value instanceof Map<?, ?> map) {
            TreeMap<String, Object> sorted = new TreeMap<>();
            map.forEach((key, element) -> sorted.put((String) key, element));
            open(out, '{', sorted.isEmpty());
            String separator = "";
            for (Map.Entry<String, Object> entry : sorted.entrySet()) {
                out.append(separator).append(lineStart).append("  ");
                writeString(entry.getKey(), out);
                out.append(": ");
                write(entry.getValue(), lineStart + "  ", out);
                separator = ",";
            }
            close(out, '}', sorted.isEmpty(), lineStart);
        } else if (value instanceof List<?> list) {
            open(out, '[', list.isEmpty());
            String separator = "";
            for (Object element : list) {
                out.append(separator).append(lineStart).append("  ");
                write(element, lineStart + "  ", out);
                separator = ",";
            }
            close(out, ']', list.isEmpty(), lineStart);
        } else if (value instanceof String text) {
            writeString(text, out);
        } else if (value instanceof Double number) {
            out.append(number(number));
        } else if (value instanceof Integer || value instanceof Long || value instanceof Boolean) {
            out.append(value);
        } else {
            throw new IllegalArgumentException("not written as JSON: " + value);
        }
    }

    private static void open(StringBuilder out, char bracket, boolean empty) {
        out.append(bracket);
        if (empty) {
            out.append(bracket == '{' ? '}' : ']');
        }
    }

    private static void close(StringBuilder out, char bracket, boolean empty, String lineStart) {
        if (!empty) {
            out.append(lineStart).append(bracket);
        }
    }

    private static void writeString(String text, StringBuilder out) {
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < ' ' || c > '~' || c == '"' || c == '\\') {
                CanonicalJson.escape(c, out);
            } else {
                out.append(c);
            }
        }
        out.append('"');
    }

    /** Python's repr of a float: the shortest digits; an exponent below 1e-4 and from 1e16 on. */
    private static String number(double value) {
        if (value == 0) {
            return "0.0";
        }
        BigDecimal decimal = new BigDecimal(CanonicalJson.text(value)).stripTrailingZeros();
        String digits = decimal.unscaledValue().abs().toString();
        int exponent = digits.length() - decimal.scale() - 1; // of the first digit
        String sign = value < 0 ? "-" : "";
        if (exponent >= MIN_PLAIN_EXPONENT && exponent < MAX_PLAIN_EXPONENT) {
            String plain = decimal.abs().toPlainString();
            return sign + (plain.contains(".") ? plain : plain + ".0");
        }
        String fraction = digits.length() == 1 ? "" : "." + digits.substring(1);
        return sign
                + digits.charAt(0)
                + fraction
                + String.format(Locale.ROOT, "e%s%02d", exponent < 0 ? "-" : "+", Math.abs(exponent));
    }
}
