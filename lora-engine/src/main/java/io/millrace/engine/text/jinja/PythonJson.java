package io.millrace.engine.text.jinja;

import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/** {@code tojson} as transformers has it: Python's json.dumps with ensure_ascii off, optionally indented. */
final class PythonJson {
    private final int indent;
    private final StringBuilder out = new StringBuilder();

    private PythonJson(int indent) {
        this.indent = indent;
    }

    static String of(Object value, List<Object> arguments, Map<String, Object> named) {
        if (!Set.of("indent", "ensure_ascii").containsAll(named.keySet())
                || !arguments.isEmpty()
                || Values.truth(named.getOrDefault("ensure_ascii", false))) {
            throw new JinjaException("of tojson's arguments only 'indent' is known");
        }
        Object indent = named.getOrDefault("indent", None.NONE);
        PythonJson json = new PythonJson(indent instanceof None ? -1 : Math.toIntExact(Values.integer(indent)));
        json.write(value, 0);
        return json.out.toString();
    }

    private void write(Object value, int depth) {
        Object v = Values.fromJava(value);
        if (v instanceof Map<?, ?> map) {
            writeAll("{}", map.entrySet().iterator(), depth, entry -> {
                string(Values.text(entry.getKey()));
                out.append(": ");
                write(entry.getValue(), depth + 1);
            });
        } else if (v instanceof List<?> list) {
            writeAll("[]", list.iterator(), depth, item -> write(item, depth + 1));
        } else if (v instanceof String s) {
            string(s);
        } else if (v instanceof None) {
            out.append("null");
        } else if (v instanceof Boolean) {
            out.append(v);
        } else if (v instanceof Number) {
            out.append(PythonRepr.of(v));
        } else {
            throw v instanceof Undefined u ? u.error() : new JinjaException(Values.kind(v) + " has no JSON form");
        }
    }

    private <T> void writeAll(String brackets, Iterator<T> items, int depth, Consumer<? super T> writer) {
        out.append(brackets.charAt(0));
        boolean any = items.hasNext();
        while (items.hasNext()) {
            newLine(depth + 1);
            writer.accept(items.next());
            if (items.hasNext()) {
                out.append(indent < 0 ? ", " : ",");
            }
        }
        if (any) {
            newLine(depth);
        }
        out.append(brackets.charAt(1));
    }

    private void newLine(int depth) {
        if (indent >= 0) {
            out.append('\n').append(" ".repeat(indent * depth));
        }
    }

    private void string(String s) {
        out.append('"');
        for (int i = 0; i < s.length(); i++) {
            char c = s.charAt(i);
            switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                case '\b' -> out.append("\\b");
                case '\f' -> out.append("\\f");
                default -> out.append(c < 32 ? String.format(Locale.ROOT, "\\u%04x", (int) c) : String.valueOf(c));
            }
        }
        out.append('"');
    }
}
