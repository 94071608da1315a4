package io.millrace.engine.text;

import io.millrace.core.ChatMessage;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** What a base is asked, as tokens: the same in training and in serving. Safe for use by many threads. */
public final class Prompts {
    private final Tokenizer tokenizer;
    private final Optional<ChatTemplate> template;

    public Prompts(Tokenizer tokenizer, Optional<ChatTemplate> template) {
        this.tokenizer = tokenizer;
        this.template = template;
    }

    /**
     * A conversation up to where the assistant's answer starts. Without a chat template: the texts, joined by blank lines.
     *
     * @throws io.millrace.core.MillraceException {@code bad_role_order} where the template refuses the conversation
     */
    public int[] chat(List<ChatMessage> messages, List<Map<String, Object>> tools) {
        if (template.isPresent()) {
            return tokenizer.encode(template.get().render(messages, tools, true));
        }
        return plain(joined(messages));
    }

    /** A text as it is, after the token that begins every text where the base has one. */
    public int[] plain(String text) {
        return TokenList.concat(tokenizer.prefix(), tokenizer.encode(text));
    }

    static String joined(List<ChatMessage> messages) {
        return messages.stream().map(ChatMessage::content).collect(Collectors.joining("\n\n"));
    }
}
