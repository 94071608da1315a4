package io.millrace.core;

import java.util.Map;

/**
 * One turn of a conversation.
 *
 * @param role {@code system}, {@code user}, {@code assistant} or {@code tool}
 * @param extra further fields of the message (as {@code tool_calls}), passed on to the chat template
 */
public record ChatMessage(String role, String content, Map<String, Object> extra) {
    public ChatMessage {
        extra = Map.copyOf(extra);
    }

    public static ChatMessage of(String role, String content) {
        return new ChatMessage(role, content, Map.of());
    }
}
