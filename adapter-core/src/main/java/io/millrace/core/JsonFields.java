package io.millrace.core;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** The members of a manifest's objects, each of the type it must have. */
final class JsonFields {
    private final Map<?, ?> fields;

    JsonFields(Map<?, ?> fields) {
        this.fields = fields;
    }

    Set<String> names() {
        Set<String> names = new TreeSet<>();
        fields.keySet().forEach(name -> names.add((String) name));
        return names;
    }

    private <T> T field(String name, Class<T> type, String kind) {
        Object value = fields.get(name);
        if (!type.isInstance(value)) {
            throw Manifest.invalid(Manifest.FILE + " must have " + kind + " as '" + name + "'");
        }
        return type.cast(value);
    }

    String string(String name) {
        return field(name, String.class, "a string");
    }

    boolean bool(String name) {
        return field(name, Boolean.class, "true or false");
    }

    long integer(String name) {
        Object value = fields.get(name);
        if (value instanceof Integer || value instanceof Long) {
            return ((Number) value).longValue();
        }
        throw Manifest.invalid(Manifest.FILE + " must have an integer as '" + name + "'");
    }

    Digest digest(String name) {
        try {
            return new Digest(string(name));
        } catch (IllegalArgumentException e) {
            throw new MillraceException(
                    ErrorCode.INVALID_ADAPTER, Manifest.FILE + " must have 64 hex digits as '" + name + "'", e);
        }
    }

    Optional<VersionId> version(String name) {
        if (fields.get(name) == null) {
            return Optional.empty();
        }
        if (!VersionId.matches(string(name))) {
            throw Manifest.invalid(Manifest.FILE + " must have 40 hex digits as '" + name + "'");
        }
        return Optional.of(new VersionId(string(name)));
    }

    JsonFields object(String name) {
        return new JsonFields(field(name, Map.class, "an object"));
    }

    List<JsonFields> objects(String name) {
        List<?> list = field(name, List.class, "a list");
        return list.stream()
                .map(element -> {
                    if (!(element instanceof Map<?, ?> map)) {
                        throw Manifest.invalid(Manifest.FILE + " must have a list of objects as '" + name + "'");
                    }
                    return new JsonFields(map);
                })
                .toList();
    }

    List<String> strings(String name) {
        List<?> list = field(name, List.class, "a list");
        return list.stream()
                .map(element -> {
                    if (!(element instanceof String text)) {
                        throw Manifest.invalid(Manifest.FILE + " must have a list of strings as '" + name + "'");
                    }
                    return text;
                })
                .toList();
    }
}
