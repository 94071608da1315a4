package io.millrace.router.generate;

import io.millrace.core.ChatMessage;
import io.millrace.core.TrainingExample;
import io.millrace.engine.base.Base;
import java.util.List;
import java.util.Map;

/** What is to be continued. */
public sealed interface Prompt {
    /** What automatic selection compares with prototypes. */
    String routingText();

    /** In the base's terms. */
    int[] tokenIds(Base base);

    /** A conversation whose next assistant turn is asked for. */
    record Chat(List<ChatMessage> messages) implements Prompt {
        public Chat {
            messages = List.copyOf(messages);
        }

        @Override
        public String routingText() {
            return TrainingExample.routingText(messages);
        }

        @Override
        public int[] tokenIds(Base base) {
            return base.prompts().chat(messages, List.of());
        }
    }

    /** A text to go on with, as it is. */
    record Text(String text) implements Prompt {
        @Override
        public String routingText() {
            return text;
        }

        @Override
        public int[] tokenIds(Base base) {
            return base.prompts().plain(text);
        }
    }

    /** The fields of an example record that this prompt fills; the answer is to be added. */
    default Map<String, Object> exampleFields() {
        return this instanceof Chat chat
                ? Map.of(
                        "messages",
                        chat.messages().stream()
                                .map(m -> Map.of("role", m.role(), "content", m.content()))
                                .toList())
                : Map.of("prompt", routingText());
    }
}
