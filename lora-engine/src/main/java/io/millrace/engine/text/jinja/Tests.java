package io.millrace.engine.text.jinja;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What can stand after {@code is}. */
final class Tests {
    /** One test. */
    @FunctionalInterface
    interface Test {
        boolean holds(Object value, List<Object> arguments);
    }

    private static final Map<String, Test> ALL = Map.ofEntries(
            Map.entry("defined", (v, a) -> !(v instanceof Undefined)),
            Map.entry("undefined", (v, a) -> v instanceof Undefined),
            Map.entry("none", (v, a) -> v instanceof None),
            Map.entry("string", (v, a) -> v instanceof String),
            Map.entry("mapping", (v, a) -> v instanceof Map),
            Map.entry("sequence", (v, a) -> v instanceof String || v instanceof List || v instanceof Map),
            Map.entry(
                    "iterable",
                    (v, a) -> v instanceof String || v instanceof List || v instanceof Map || v instanceof Undefined),
            Map.entry("boolean", (v, a) -> v instanceof Boolean),
            Map.entry("true", (v, a) -> Boolean.TRUE.equals(v)),
            Map.entry("false", (v, a) -> Boolean.FALSE.equals(v)),
            Map.entry("integer", (v, a) -> v instanceof Number && !(v instanceof Double)),
            Map.entry("float", (v, a) -> v instanceof Double),
            Map.entry("number", (v, a) -> Values.isNumber(v)),
            Map.entry("odd", (v, a) -> Math.floorMod(Values.integer(v), 2) == 1),
            Map.entry("even", (v, a) -> Math.floorMod(Values.integer(v), 2) == 0),
            Map.entry("divisibleby", (v, a) -> Values.integer(v) % Values.integer(only(a)) == 0),
            Map.entry("equalto", (v, a) -> Values.equal(v, only(a))),
            Map.entry("eq", (v, a) -> Values.equal(v, only(a))),
            Map.entry("ne", (v, a) -> !Values.equal(v, only(a))),
            Map.entry("in", (v, a) -> Values.contains(only(a), v)));

    private Tests() {}

    static Optional<Test> find(String name) {
        return Optional.ofNullable(ALL.get(name));
    }

    private static Object only(List<Object> arguments) {
        if (arguments.size() != 1) {
            throw new JinjaException("the test takes one argument, not " + arguments.size());
        }
        return arguments.get(0);
    }
}
