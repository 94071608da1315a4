package io.millrace.engine.text;

import io.millrace.core.ChatMessage;
import java.util.List;
import java.util.Map;

/** A base's chat template (Jinja, as transformers' apply_chat_template renders it). Safe for use by many threads. */
public interface ChatTemplate {

    /**
     * @param tools JSON-like maps, empty for none
     * @param addGenerationPrompt whether the text ends where the assistant's answer starts
     * @throws io.millrace.core.MillraceException {@code bad_role_order} where the template refuses the conversation
     */
    String render(List<ChatMessage> messages, List<Map<String, Object>> tools, boolean addGenerationPrompt);
}
