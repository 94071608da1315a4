package io.millrace.engine.text.jinja;

import java.util.Map;

/** Python's escapes in string literals. */
final class StringLiteral {
    private static final Map<Character, String> SIMPLE =
            Map.of('n', "\n", 't', "\t", 'r', "\r", '\\', "\\", '\'', "'", '"', "\"", 'b', "\b", 'f', "\f", '\n', "");

    private StringLiteral() {}

    static String value(String literal) {
        if (literal.indexOf('\\') < 0) {
            return literal;
        }
        StringBuilder value = new StringBuilder();
        for (int i = 0; i < literal.length(); i++) {
            char c = literal.charAt(i);
            if (c != '\\') {
                value.append(c);
                continue;
            }
            char escape = literal.charAt(++i);
            int digits = escape == 'x' ? 2 : escape == 'u' ? 4 : escape == 'U' ? 8 : 0;
            if (SIMPLE.containsKey(escape)) {
                value.append(SIMPLE.get(escape));
            } else if (digits > 0 && i + digits <= literal.length() - 1) {
                value.appendCodePoint(hex(literal.substring(i + 1, i + 1 + digits)));
                i += digits;
            } else if ("avN01234567xuU".indexOf(escape) >= 0) {
                throw new JinjaException("the escape \\" + escape + " isn't known here");
            } else {
                value.append('\\').append(escape);
            }
        }
        return value.toString();
    }

    private static int hex(String digits) {
        try {
            return Integer.parseInt(digits, 16);
        } catch (NumberFormatException e) {
            throw new JinjaException("'" + digits + "' isn't a hexadecimal number");
        }
    }
}
