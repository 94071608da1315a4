package io.millrace.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class RoutingTextTest {
    private static TrainingExample example(TrainingExample.Content content) {
        return new TrainingExample(
                AdapterName.parse("acme/a"), "1", content, 1, List.of(), Optional.empty(), Digest.of("content"));
    }

    @Test
    void isTheLastUserTurnOfAConversation() {
        // Given
        var messages = List.of(
                ChatMessage.of("system", "be brief"),
                ChatMessage.of("user", "first"),
                ChatMessage.of("assistant", "yes?"),
                ChatMessage.of("user", "second"),
                ChatMessage.of("assistant", "done"));

        // Then
        assertThat(example(new TrainingExample.Content.Messages(messages)).routingText())
                .isEqualTo("second");
        assertThat(TrainingExample.routingText(messages.subList(0, 1))).isEqualTo("be brief");
    }

    @Test
    void isThePromptOrTheTextElsewhere() {
        assertThat(example(new TrainingExample.Content.PromptCompletion("ask", "answer"))
                        .routingText())
                .isEqualTo("ask");
        assertThat(example(new TrainingExample.Content.Text("all of it")).routingText())
                .isEqualTo("all of it");
    }
}
