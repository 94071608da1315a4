package io.millrace.engine.text.jinja;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Functions that every template can call. */
final class Functions {
    /** A name that templates test for and call where it is defined. It isn't here: a text must not depend on the clock. */
    private static final String CLOCK = "strftime_now";

    private static final int MAX_RANGE = 100_000;

    private Functions() {}

    /** Names that a template may mention in a call. */
    static Set<String> names() {
        return Set.of("range", "namespace", "dict", "raise_exception", CLOCK);
    }

    static Map<String, Object> all() {
        Map<String, Callable> functions = Map.of(
                "range",
                (values, named) -> range(values),
                "namespace",
                (values, named) -> new Namespace(fields(values, named)),
                "dict",
                Functions::fields,
                "raise_exception",
                (values, named) -> {
                    throw new JinjaRaised(values.isEmpty() ? "" : Values.text(values.get(0)));
                });
        return new LinkedHashMap<>(functions);
    }

    private static Map<String, Object> fields(List<Object> values, Map<String, Object> named) {
        Map<String, Object> fields = new LinkedHashMap<>();
        for (Object value : values) {
            if (!(value instanceof Map<?, ?> map)) {
                throw new JinjaException(Values.kind(value) + " is no dict");
            }
            map.forEach((key, item) -> fields.put(Values.text(key), Values.fromJava(item)));
        }
        fields.putAll(named);
        return fields;
    }

    private static List<Object> range(List<Object> values) {
        if (values.isEmpty() || values.size() > 3) {
            throw new JinjaException("range takes one to three numbers");
        }
        long from = values.size() == 1 ? 0 : Values.integer(values.get(0));
        long to = Values.integer(values.get(values.size() == 1 ? 0 : 1));
        long step = values.size() == 3 ? Values.integer(values.get(2)) : 1;
        if (step == 0) {
            throw new JinjaException("range's step is zero");
        }
        List<Object> numbers = new ArrayList<>();
        for (long i = from; step > 0 ? i < to : i > to; i += step) {
            if (numbers.size() == MAX_RANGE) {
                throw new JinjaException("a range of more than " + MAX_RANGE + " numbers");
            }
            numbers.add(i);
        }
        return numbers;
    }
}
