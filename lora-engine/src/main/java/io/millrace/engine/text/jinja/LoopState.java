package io.millrace.engine.text.jinja;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The variable {@code loop} of one time around. */
final class LoopState {
    private LoopState() {}

    static Map<String, Object> of(List<Object> items, int index) {
        int size = items.size();
        Map<String, Object> loop = new LinkedHashMap<>();
        loop.put("index", index + 1L);
        loop.put("index0", (long) index);
        loop.put("revindex", (long) size - index);
        loop.put("revindex0", size - index - 1L);
        loop.put("first", index == 0);
        loop.put("last", index == size - 1);
        loop.put("length", (long) size);
        if (index > 0) {
            loop.put("previtem", items.get(index - 1));
        }
        if (index < size - 1) {
            loop.put("nextitem", items.get(index + 1));
        }
        return loop;
    }
}
