package io.millrace.engine.text.jinja;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** What can stand after {@code |}. The first argument is the value. */
final class Filters {
    private static final Map<String, Callable> ALL = Map.ofEntries(
            Map.entry("trim", (a, n) -> Methods.strip(Values.text(a.get(0)), text(a, 1, ""), true, true)),
            Map.entry("upper", (a, n) -> Values.text(a.get(0)).toUpperCase(Locale.ROOT)),
            Map.entry("lower", (a, n) -> Values.text(a.get(0)).toLowerCase(Locale.ROOT)),
            Map.entry("capitalize", (a, n) -> capitalize(Values.text(a.get(0)))),
            Map.entry("string", (a, n) -> Values.text(a.get(0))),
            Map.entry("safe", (a, n) -> a.get(0)),
            Map.entry("length", (a, n) -> Values.length(a.get(0))),
            Map.entry("count", (a, n) -> Values.length(a.get(0))),
            Map.entry("first", (a, n) -> end(Values.items(a.get(0)), true)),
            Map.entry("last", (a, n) -> end(Values.items(a.get(0)), false)),
            Map.entry("list", (a, n) -> Values.items(a.get(0))),
            Map.entry("reverse", (a, n) -> reverse(a.get(0))),
            Map.entry("join", Filters::join),
            Map.entry("replace", (a, n) -> Methods.replace(Values.text(a.get(0)), a.subList(1, a.size()))),
            Map.entry("default", Filters::orDefault),
            Map.entry("d", Filters::orDefault),
            Map.entry("int", (a, n) -> integer(a)),
            Map.entry("abs", (a, n) -> Values.number(a.get(0)) < 0 ? Operators.negate(a.get(0)) : a.get(0)),
            Map.entry("items", (a, n) -> Methods.call(a.get(0), "items", List.of(), Map.of())),
            Map.entry("map", Filters::map),
            Map.entry("selectattr", (a, n) -> select(a, true)),
            Map.entry("rejectattr", (a, n) -> select(a, false)),
            Map.entry("indent", Filters::indent),
            Map.entry("tojson", (a, n) -> PythonJson.of(a.get(0), a.subList(1, a.size()), n)));

    private Filters() {}

    static Optional<Callable> find(String name) {
        return Optional.ofNullable(ALL.get(name));
    }

    private static String text(List<Object> arguments, int index, String otherwise) {
        return index < arguments.size() ? Values.string(arguments.get(index)) : otherwise;
    }

    private static String capitalize(String s) {
        return s.isEmpty()
                ? s
                : s.substring(0, 1).toUpperCase(Locale.ROOT) + s.substring(1).toLowerCase(Locale.ROOT);
    }

    private static Object end(List<Object> items, boolean first) {
        if (items.isEmpty()) {
            return new Undefined(first ? "the first item" : "the last item");
        }
        return items.get(first ? 0 : items.size() - 1);
    }

    private static Object reverse(Object value) {
        List<Object> items = new ArrayList<>(Values.items(value));
        Collections.reverse(items);
        return value instanceof String ? items.stream().map(Values::text).collect(Collectors.joining()) : items;
    }

    private static Object join(List<Object> arguments, Map<String, Object> named) {
        String separator = named.containsKey("d") ? Values.string(named.get("d")) : text(arguments, 1, "");
        Object attribute = named.getOrDefault("attribute", arguments.size() > 2 ? arguments.get(2) : None.NONE);
        return Values.items(arguments.get(0)).stream()
                .map(item -> attribute instanceof None ? item : path(item, attribute))
                .map(Values::text)
                .collect(Collectors.joining(separator));
    }

    private static Object orDefault(List<Object> arguments, Map<String, Object> named) {
        Object value = arguments.get(0);
        Object otherwise = named.getOrDefault("default_value", arguments.size() > 1 ? arguments.get(1) : "");
        Object alsoFalse = named.getOrDefault("boolean", arguments.size() > 2 ? arguments.get(2) : false);
        boolean missing = value instanceof Undefined || (Values.truth(alsoFalse) && !Values.truth(value));
        return missing ? otherwise : value;
    }

    private static Object integer(List<Object> arguments) {
        Object value = arguments.get(0);
        if (value instanceof String s) {
            try {
                return Long.parseLong(s.strip());
            } catch (NumberFormatException e) {
                return arguments.size() > 1 ? arguments.get(1) : 0L;
            }
        }
        return (long) Values.number(value);
    }

    private static Object map(List<Object> arguments, Map<String, Object> named) {
        List<Object> mapped = new ArrayList<>();
        for (Object item : Values.items(arguments.get(0))) {
            if (named.containsKey("attribute")) {
                Object value = path(item, named.get("attribute"));
                mapped.add(value instanceof Undefined && named.containsKey("default") ? named.get("default") : value);
            } else {
                List<Object> rest = new ArrayList<>(arguments.subList(2, arguments.size()));
                rest.add(0, item);
                String name = text(arguments, 1, "");
                mapped.add(find(name)
                        .orElseThrow(() -> new JinjaException("the filter '" + name + "' isn't known"))
                        .call(rest, named));
            }
        }
        return mapped;
    }

    private static Object select(List<Object> arguments, boolean wanted) {
        List<Object> selected = new ArrayList<>();
        for (Object item : Values.items(arguments.get(0))) {
            Object value = path(item, arguments.get(1));
            boolean holds = Values.truth(value);
            if (arguments.size() > 2) {
                String name = Values.string(arguments.get(2));
                Tests.Test test =
                        Tests.find(name).orElseThrow(() -> new JinjaException("the test '" + name + "' isn't known"));
                holds = test.holds(value, arguments.subList(3, arguments.size()));
            }
            if (holds == wanted) {
                selected.add(item);
            }
        }
        return selected;
    }

    /** {@code a.b} of an item. */
    private static Object path(Object item, Object attribute) {
        Object value = item;
        for (String part : Values.text(attribute).split("\\.", -1)) {
            value = Operators.item(value, part.matches("\\d+") ? (Object) Long.parseLong(part) : part);
        }
        return value;
    }

    private static Object indent(List<Object> arguments, Map<String, Object> named) {
        Object width = named.getOrDefault("width", arguments.size() > 1 ? arguments.get(1) : 4L);
        String indent = width instanceof String s ? s : " ".repeat((int) Values.integer(width));
        boolean first = Values.truth(named.getOrDefault("first", arguments.size() > 2 ? arguments.get(2) : false));
        if (Values.truth(named.getOrDefault("blank", arguments.size() > 3 ? arguments.get(3) : false))) {
            throw new JinjaException("'indent' of blank lines isn't known");
        }
        String[] lines = Values.text(arguments.get(0)).split("\n", -1);
        StringBuilder out = new StringBuilder(first ? indent : "").append(lines[0]);
        for (int i = 1; i < lines.length; i++) {
            out.append('\n').append(lines[i].isEmpty() ? "" : indent).append(lines[i]);
        }
        return out.toString();
    }
}
