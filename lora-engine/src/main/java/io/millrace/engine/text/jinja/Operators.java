package io.millrace.engine.text.jinja;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Arithmetic, items and slices. */
final class Operators {
    private Operators() {}

    static Object add(Object a, Object b) {
        if (a instanceof String x && b instanceof String y) {
            return x + y;
        }
        if (a instanceof List<?> x && b instanceof List<?> y) {
            List<Object> both = new ArrayList<>(x);
            both.addAll(y);
            return both;
        }
        return arithmetic("+", a, b);
    }

    static Object arithmetic(String operator, Object a, Object b) {
        if (!Values.isNumber(a) || !Values.isNumber(b)) {
            if (operator.equals("*") && a instanceof String s) {
                return s.repeat((int) Math.max(0, Values.integer(b)));
            }
            throw Values.cant("compute '" + operator + "' of", a, b);
        }
        boolean whole = !(a instanceof Double) && !(b instanceof Double);
        double y = Values.number(b);
        if (y == 0 && "/ // %".contains(operator)) {
            throw new JinjaException("division by zero");
        }
        if (whole && !operator.equals("/") && !(operator.equals("**") && y < 0)) {
            return whole(operator, Values.integer(a), Values.integer(b));
        }
        double x = Values.number(a);
        return switch (operator) {
            case "+" -> x + y;
            case "-" -> x - y;
            case "*" -> x * y;
            case "/" -> x / y;
            case "//" -> Math.floor(x / y);
            case "%" -> x - y * Math.floor(x / y);
            default -> Math.pow(x, y);
        };
    }

    private static Object whole(String operator, long x, long y) {
        try {
            return switch (operator) {
                case "+" -> Math.addExact(x, y);
                case "-" -> Math.subtractExact(x, y);
                case "*" -> Math.multiplyExact(x, y);
                case "//" -> Math.floorDiv(x, y);
                case "%" -> Math.floorMod(x, y);
                default -> BigInteger.valueOf(x).pow(Math.toIntExact(y)).longValueExact();
            };
        } catch (ArithmeticException e) {
            throw new JinjaException("a number is too large");
        }
    }

    static Object negate(Object value) {
        return arithmetic("-", 0L, value);
    }

    /** {@code value.name}. */
    static Object attribute(Object value, String name) {
        if (value instanceof Namespace namespace) {
            return namespace.fields().getOrDefault(name, new Undefined(name));
        }
        if (value instanceof Undefined u) {
            throw u.error();
        }
        return item(value, name);
    }

    /** {@code value[key]}. */
    static Object item(Object value, Object key) {
        if (value instanceof Undefined u) {
            throw u.error();
        }
        if (value instanceof Map<?, ?> map) {
            return map.containsKey(key) ? Values.fromJava(map.get(key)) : new Undefined(Values.text(key));
        }
        if (key instanceof Long index && (value instanceof List || value instanceof String)) {
            List<Object> items = Values.items(value);
            long at = index < 0 ? index + items.size() : index;
            return at >= 0 && at < items.size() ? items.get((int) at) : new Undefined(Values.text(key));
        }
        return new Undefined(Values.text(key));
    }

    /** {@code value[from:to:step]}; a bound that isn't given is None. */
    static Object slice(Object value, Object from, Object to, Object step) {
        if (!(value instanceof List) && !(value instanceof String)) {
            throw value instanceof Undefined u ? u.error() : new JinjaException("can't slice " + Values.kind(value));
        }
        List<Object> items = Values.items(value);
        long stride = step instanceof None ? 1 : Values.integer(step);
        if (stride == 0) {
            throw new JinjaException("a slice's step is zero");
        }
        int size = items.size();
        long begin = from instanceof None ? (stride > 0 ? 0 : size - 1) : bound(Values.integer(from), size, stride);
        long end = to instanceof None ? (stride > 0 ? size : -1) : bound(Values.integer(to), size, stride);
        List<Object> part = new ArrayList<>();
        for (long i = begin; stride > 0 ? i < end : i > end; i += stride) {
            part.add(items.get((int) i));
        }
        return value instanceof String
                ? String.join("", part.stream().map(Values::text).toList())
                : part;
    }

    private static long bound(long index, int size, long stride) {
        long at = index < 0 ? index + size : index;
        long lowest = stride > 0 ? 0 : -1;
        long highest = stride > 0 ? size : size - 1;
        return Math.max(lowest, Math.min(highest, at));
    }
}
