package io.millrace.engine.text.jinja;

import java.math.BigDecimal;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** Values as Python's {@code repr()} writes them. */
final class PythonRepr {
    private PythonRepr() {}

    static String of(Object value) {
        Object v = Values.fromJava(value);
        if (v instanceof None) {
            return "None";
        }
        if (v instanceof Boolean b) {
            return b ? "True" : "False";
        }
        if (v instanceof Double d) {
            return decimal(d);
        }
        if (v instanceof Number) {
            return v.toString();
        }
        if (v instanceof String s) {
            return quoted(s);
        }
        if (v instanceof Tuple tuple) {
            return tuple.stream()
                    .map(PythonRepr::of)
                    .collect(Collectors.joining(", ", "(", tuple.size() == 1 ? ",)" : ")"));
        }
        if (v instanceof List<?> list) {
            return list.stream().map(PythonRepr::of).collect(Collectors.joining(", ", "[", "]"));
        }
        if (v instanceof Map<?, ?> map) {
            return map.entrySet().stream()
                    .map(e -> of(e.getKey()) + ": " + of(e.getValue()))
                    .collect(Collectors.joining(", ", "{", "}"));
        }
        if (v instanceof Undefined) {
            return "Undefined";
        }
        throw new JinjaException("a function or namespace can't be printed");
    }

    private static String decimal(double d) {
        double magnitude = Math.abs(d);
        if (magnitude != 0 && (magnitude < 1e-4 || !(magnitude < 1e16))) {
            throw new JinjaException("the number " + d + " isn't written here as Python would");
        }
        String digits = new BigDecimal(Double.toString(d)).stripTrailingZeros().toPlainString();
        return digits.contains(".") ? digits : digits + ".0";
    }

    private static String quoted(String s) {
        char quote = s.indexOf('\'') >= 0 && s.indexOf('"') < 0 ? '"' : '\'';
        StringBuilder out = new StringBuilder().append(quote);
        s.codePoints().forEach(c -> {
            switch (c) {
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                case '\\' -> out.append("\\\\");
                default -> {
                    if (c < 32 || c == 127) {
                        out.append(String.format(Locale.ROOT, "\\x%02x", c));
                    } else {
                        out.append(c == quote ? "\\" : "").appendCodePoint(c);
                    }
                }
            }
        });
        return out.append(quote).toString();
    }
}
