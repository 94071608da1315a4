package io.millrace.router.record;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A recorded prompt ({@code messages}, or {@code prompt}) with the answer that it should have had. */
final class CorrectedPrompt {
    private CorrectedPrompt() {}

    static Map<String, Object> withAnswer(Map<String, Object> prompt, String answer) {
        Map<String, Object> fields = new HashMap<>(prompt);
        if (prompt.get("messages") instanceof List<?> messages) {
            List<Object> turns = new ArrayList<>(messages);
            turns.add(Map.of("role", "assistant", "content", answer));
            fields.put("messages", turns);
        } else {
            fields.put("completion", answer);
        }
        return fields;
    }
}
