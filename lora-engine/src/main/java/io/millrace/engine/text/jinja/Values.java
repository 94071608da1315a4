package io.millrace.engine.text.jinja;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;

/**
 * Python's behaviour of values. Strings are {@link String}, integers {@link Long}, floats {@link Double}, booleans
 * {@link Boolean}, lists and tuples {@link List}, dicts {@link Map}, beside {@link None} and {@link Undefined}.
 */
final class Values {
    private Values() {}

    /** Values of JSON-like Java objects, seen as Python sees them. */
    static Object fromJava(Object value) {
        if (value == null) {
            return None.NONE;
        }
        if (value instanceof Float || value instanceof BigDecimal) {
            return ((Number) value).doubleValue();
        }
        if (value instanceof Integer || value instanceof Short || value instanceof Byte) {
            return ((Number) value).longValue();
        }
        return value;
    }

    static boolean truth(Object value) {
        if (value instanceof Boolean b) {
            return b;
        }
        if (value instanceof Number n) {
            return n.doubleValue() != 0;
        }
        if (value instanceof String s) {
            return !s.isEmpty();
        }
        if (value instanceof List<?> list) {
            return !list.isEmpty();
        }
        if (value instanceof Map<?, ?> map) {
            return !map.isEmpty();
        }
        return !(value instanceof None) && !(value instanceof Undefined);
    }

    /** As {@code str()}. */
    static String text(Object value) {
        if (value instanceof String s) {
            return s;
        }
        return value instanceof Undefined ? "" : PythonRepr.of(value);
    }

    static boolean equal(Object a, Object b) {
        if (isNumber(a) && isNumber(b)) {
            return number(a) == number(b);
        }
        if (a instanceof Undefined && b instanceof Undefined) {
            return true;
        }
        if (a instanceof List<?> x && b instanceof List<?> y) {
            return x.size() == y.size()
                    && IntStream.range(0, x.size()).allMatch(i -> equal(fromJava(x.get(i)), fromJava(y.get(i))));
        }
        return Objects.equals(a, b);
    }

    /** Negative, zero or positive. */
    static int compare(Object a, Object b) {
        if (isNumber(a) && isNumber(b)) {
            return Double.compare(number(a), number(b));
        }
        if (a instanceof String x && b instanceof String y) {
            return Arrays.compare(x.codePoints().toArray(), y.codePoints().toArray());
        }
        throw cant("compare", a, b);
    }

    static boolean contains(Object container, Object item) {
        if (container instanceof String s && item instanceof String part) {
            return s.contains(part);
        }
        if (container instanceof Map<?, ?> map) {
            return map.containsKey(item);
        }
        if (container instanceof List<?> list) {
            return list.stream().anyMatch(x -> equal(fromJava(x), item));
        }
        if (container instanceof Undefined) {
            return false;
        }
        throw cant("look in", container, item);
    }

    /** What a loop goes over. */
    static List<Object> items(Object value) {
        List<Object> items = new ArrayList<>();
        if (value instanceof List<?> list) {
            list.forEach(item -> items.add(fromJava(item)));
        } else if (value instanceof Map<?, ?> map) {
            items.addAll(map.keySet());
        } else if (value instanceof String s) {
            s.codePoints().forEach(c -> items.add(Character.toString(c)));
        } else if (!(value instanceof Undefined)) {
            throw new JinjaException(kind(value) + " can't be looped over");
        }
        return items;
    }

    static long length(Object value) {
        if (value instanceof String s) {
            return s.codePointCount(0, s.length());
        }
        return value instanceof Map<?, ?> map ? map.size() : items(value).size();
    }

    static boolean isNumber(Object value) {
        return value instanceof Number || value instanceof Boolean;
    }

    static double number(Object value) {
        if (value instanceof Boolean b) {
            return b ? 1 : 0;
        }
        if (value instanceof Number n) {
            return n.doubleValue();
        }
        throw value instanceof Undefined u ? u.error() : new JinjaException(kind(value) + " is no number");
    }

    /** A whole number. */
    static long integer(Object value) {
        if (value instanceof Double || !isNumber(value)) {
            throw value instanceof Undefined u ? u.error() : new JinjaException(kind(value) + " is no whole number");
        }
        return value instanceof Boolean b ? (b ? 1 : 0) : ((Number) value).longValue();
    }

    /** A string, where nothing else will do. */
    static String string(Object value) {
        if (value instanceof String s) {
            return s;
        }
        throw value instanceof Undefined u ? u.error() : new JinjaException(kind(value) + " is no string");
    }

    static String kind(Object value) {
        if (value instanceof String) {
            return "a string";
        }
        if (value instanceof List) {
            return "a list";
        }
        if (value instanceof Map) {
            return "a dict";
        }
        return value instanceof Undefined u ? "'" + u.name() + "' (undefined)" : text(value);
    }

    static JinjaException cant(String what, Object a, Object b) {
        for (Object value : List.of(a, b)) {
            if (value instanceof Undefined u) {
                return u.error();
            }
        }
        return new JinjaException("can't " + what + " " + kind(a) + " and " + kind(b));
    }
}
