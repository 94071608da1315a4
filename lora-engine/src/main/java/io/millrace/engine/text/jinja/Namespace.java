package io.millrace.engine.text.jinja;

import java.util.LinkedHashMap;
import java.util.Map;

/** What {@code namespace(…)} makes: fields that inner scopes can assign. */
record Namespace(Map<String, Object> fields) {
    Namespace {
        fields = new LinkedHashMap<>(fields);
    }

    @Override
    public Map<String, Object> fields() {
        return fields; // assigned by the template
    }
}
