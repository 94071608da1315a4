package io.millrace.core;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One parsed example record.
 *
 * @param adapter the adapter it trains
 * @param id the producer's, or the digest of the canonical {adapter, content}
 * @param weight factor of its loss, 1 where the record has none
 * @param tools tool descriptions for the chat template
 * @param contentDigest digest of the canonical content: two records with the same id and another content are told apart
 *     by it
 */
public record TrainingExample(
        AdapterName adapter,
        String id,
        Content content,
        double weight,
        List<Map<String, Object>> tools,
        Optional<String> time,
        Digest contentDigest) {

    /** What is learned from. Loss is on the completion, on every assistant turn, or on the whole text. */
    public sealed interface Content {
        /** Last one {@code assistant}. */
        record Messages(List<ChatMessage> messages) implements Content {}

        /** An instruction with an optional input arrives here too, joined by a blank line. */
        record PromptCompletion(String prompt, String completion) implements Content {}

        record Text(String text) implements Content {}
    }

    /** The text that decides whether an example is held out: the same prompt never stands on both sides. */
    public String prompt() {
        if (content instanceof Content.PromptCompletion p) {
            return p.prompt();
        }
        if (content instanceof Content.Text t) {
            return t.text();
        }
        StringBuilder prompt = new StringBuilder();
        List<ChatMessage> messages = ((Content.Messages) content).messages();
        for (ChatMessage message : messages.subList(0, messages.size() - 1)) {
            prompt.append(message.role()).append('\n').append(message.content()).append('\n');
        }
        return prompt.toString();
    }

    /** The text that its adapter's routing prototypes are fitted on, in the terms a request is routed by. */
    public String routingText() {
        return content instanceof Content.Messages m ? routingText(m.messages()) : prompt();
    }

    /** What a conversation is routed by: its last user turn, or all of its text where it has none. */
    public static String routingText(List<ChatMessage> messages) {
        for (int i = messages.size() - 1; i >= 0; i--) {
            if (messages.get(i).role().equals("user")) {
                return messages.get(i).content();
            }
        }
        return String.join("\n", messages.stream().map(ChatMessage::content).toList());
    }
}
