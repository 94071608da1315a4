package io.millrace.engine.text.jinja;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** Names that can be seen at a place. Assigning sets the innermost; a loop's body has its own each time around. */
final class Scope {
    private final Optional<Scope> outer;
    private final Map<String, Object> values = new HashMap<>();

    Scope(Map<String, ?> values) {
        this.outer = Optional.empty();
        values.forEach(this::set);
    }

    private Scope(Scope outer) {
        this.outer = Optional.of(outer);
    }

    Scope inner() {
        return new Scope(this);
    }

    Object get(String name) {
        Object value = values.get(name);
        if (value != null) {
            return value;
        }
        return outer.isPresent() ? outer.get().get(name) : new Undefined(name);
    }

    void set(String name, Object value) {
        values.put(name, Values.fromJava(value));
    }
}
