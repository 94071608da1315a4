package io.millrace.engine.text;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.hubspot.jinjava.interpret.JinjavaInterpreter;
import com.hubspot.jinjava.lib.filter.AdvancedFilter;
import java.util.Iterator;
import java.util.Map;

/** {@code tojson} as transformers has it: Python's json.dumps with ensure_ascii off, optionally indented. */
final class PythonJsonFilter implements AdvancedFilter {
    private static final ObjectMapper JSON = new ObjectMapper();

    @Override
    public String getName() {
        return "tojson";
    }

    @Override
    public Object filter(Object value, JinjavaInterpreter interpreter, Object[] args, Map<String, Object> named) {
        Object indent = args.length > 0 ? args[0] : named.get("indent");
        StringBuilder out = new StringBuilder();
        write(value, indent instanceof Number n ? n.intValue() : -1, 0, out);
        return out.toString();
    }

    private static void write(Object value, int indent, int depth, StringBuilder out) {
        if (value instanceof Map<?, ?> map) {
            Iterator<? extends Map.Entry<?, ?>> entries = map.entrySet().iterator();
            writeAll('{', '}', entries, indent, depth, out, entry -> {
                out.append(scalar(entry.getKey().toString())).append(": ");
                write(entry.getValue(), indent, depth + 1, out);
            });
        } else if (value instanceof Iterable<?> list) {
            writeAll('[', ']', list.iterator(), indent, depth, out, item -> write(item, indent, depth + 1, out));
        } else {
            out.append(scalar(value));
        }
    }

    private interface ItemWriter<T> {
        void write(T item);
    }

    private static <T> void writeAll(
            char open,
            char close,
            Iterator<T> items,
            int indent,
            int depth,
            StringBuilder out,
            ItemWriter<? super T> writer) {
        out.append(open);
        boolean any = items.hasNext();
        while (items.hasNext()) {
            newLine(indent, depth + 1, out);
            writer.write(items.next());
            if (items.hasNext()) {
                out.append(indent < 0 ? ", " : ",");
            }
        }
        if (any) {
            newLine(indent, depth, out);
        }
        out.append(close);
    }

    private static void newLine(int indent, int depth, StringBuilder out) {
        if (indent >= 0) {
            out.append('\n').append(" ".repeat(indent * depth));
        }
    }

    private static String scalar(Object value) {
        try {
            return JSON.writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("a value of " + value.getClass() + " has no JSON form", e);
        }
    }
}
