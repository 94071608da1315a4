package io.millrace.engine.text.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** Methods of strings and dicts. Lists have none: what a template could call would change them. */
final class Methods {
    private static final Set<String> OF_STRINGS = Set.of(
            "strip",
            "lstrip",
            "rstrip",
            "split",
            "startswith",
            "endswith",
            "replace",
            "upper",
            "lower",
            "join",
            "removeprefix",
            "removesuffix",
            "find",
            "count");
    private static final Set<String> OF_DICTS = Set.of("get", "items", "keys", "values");

    private Methods() {}

    static boolean isKnown(String name) {
        return OF_STRINGS.contains(name) || OF_DICTS.contains(name);
    }

    static Object call(Object target, String name, List<Object> arguments, Map<String, Object> named) {
        if (target instanceof Undefined u) {
            throw u.error();
        }
        if (!named.isEmpty()) {
            throw new JinjaException("named arguments of '" + name + "' aren't known");
        }
        if (target instanceof String s && OF_STRINGS.contains(name)) {
            return ofString(s, name, arguments);
        }
        if (target instanceof Map<?, ?> map && OF_DICTS.contains(name)) {
            return ofDict(map, name, arguments);
        }
        throw new JinjaException(Values.kind(target) + " has no method '" + name + "' that is known here");
    }

    private static Object ofDict(Map<?, ?> map, String name, List<Object> arguments) {
        return switch (name) {
            case "get" ->
                map.containsKey(argument(name, arguments, 0))
                        ? Values.fromJava(map.get(argument(name, arguments, 0)))
                        : arguments.size() > 1 ? arguments.get(1) : None.NONE;
            case "items" -> {
                List<Object> items = new ArrayList<>();
                map.forEach((key, value) -> items.add(new Tuple(List.of(key, Values.fromJava(value)))));
                yield items;
            }
            case "keys" -> new ArrayList<Object>(map.keySet());
            default -> map.values().stream().map(Values::fromJava).toList();
        };
    }

    private static Object ofString(String s, String name, List<Object> arguments) {
        return switch (name) {
            case "strip" -> strip(s, characters(arguments), true, true);
            case "lstrip" -> strip(s, characters(arguments), true, false);
            case "rstrip" -> strip(s, characters(arguments), false, true);
            case "split" -> split(s, arguments);
            case "startswith" -> s.startsWith(Values.string(argument(name, arguments, 0)));
            case "endswith" -> s.endsWith(Values.string(argument(name, arguments, 0)));
            case "replace" -> replace(s, arguments);
            case "upper" -> s.toUpperCase(Locale.ROOT);
            case "lower" -> s.toLowerCase(Locale.ROOT);
            case "join" ->
                String.join(
                        s,
                        Values.items(argument(name, arguments, 0)).stream()
                                .map(Values::string)
                                .toList());
            case "removeprefix" -> {
                String prefix = Values.string(argument(name, arguments, 0));
                yield s.startsWith(prefix) ? s.substring(prefix.length()) : s;
            }
            case "removesuffix" -> {
                String suffix = Values.string(argument(name, arguments, 0));
                yield s.endsWith(suffix) ? s.substring(0, s.length() - suffix.length()) : s;
            }
            case "find" -> {
                int at = s.indexOf(Values.string(argument(name, arguments, 0)));
                yield at < 0 ? -1L : (long) s.codePointCount(0, at);
            }
            default ->
                (long) parts(s, Values.string(argument(name, arguments, 0)), Integer.MAX_VALUE)
                                .size()
                        - 1;
        };
    }

    private static String characters(List<Object> arguments) {
        return arguments.isEmpty() || arguments.get(0) instanceof None ? "" : Values.string(arguments.get(0));
    }

    /** @param characters to take off, white space where it is empty */
    static String strip(String s, String characters, boolean left, boolean right) {
        int[] points = s.codePoints().toArray();
        int from = 0;
        int to = points.length;
        while (left && from < to && strips(points[from], characters)) {
            from++;
        }
        while (right && to > from && strips(points[to - 1], characters)) {
            to--;
        }
        return new String(points, from, to - from);
    }

    private static boolean strips(int point, String characters) {
        if (!characters.isEmpty()) {
            return characters.indexOf(point) >= 0;
        }
        return Character.isWhitespace(point) || Character.isSpaceChar(point) || point == 0x85;
    }

    private static List<Object> split(String s, List<Object> arguments) {
        int max = arguments.size() > 1 ? Math.toIntExact(Values.integer(arguments.get(1))) : -1;
        int limit = max < 0 ? Integer.MAX_VALUE : max;
        if (!characters(arguments).isEmpty()) {
            return parts(s, characters(arguments), limit);
        }
        if (limit != Integer.MAX_VALUE) {
            throw new JinjaException("'split' by white space with a limit isn't known");
        }
        List<Object> words = new ArrayList<>();
        for (String word : strip(s, "", true, true).split("[\\s\\p{Z}\\x85]+", -1)) {
            if (!word.isEmpty()) {
                words.add(word);
            }
        }
        return words;
    }

    private static List<Object> parts(String s, String separator, int limit) {
        if (separator.isEmpty()) {
            throw new JinjaException("the separator is empty");
        }
        List<Object> parts = new ArrayList<>();
        int from = 0;
        for (int at = s.indexOf(separator); at >= 0 && parts.size() < limit; at = s.indexOf(separator, from)) {
            parts.add(s.substring(from, at));
            from = at + separator.length();
        }
        parts.add(s.substring(from));
        return parts;
    }

    static String replace(String s, List<Object> arguments) {
        String old = Values.string(argument("replace", arguments, 0));
        String replacement = Values.string(argument("replace", arguments, 1));
        if (arguments.size() > 2 || old.isEmpty()) {
            throw new JinjaException("'replace' of nothing, or with a count, isn't known");
        }
        return s.replace(old, replacement);
    }

    private static Object argument(String name, List<Object> arguments, int index) {
        if (index >= arguments.size()) {
            throw new JinjaException("'" + name + "' lacks an argument");
        }
        return arguments.get(index);
    }
}
