package io.millrace.engine.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.millrace.core.AdapterName;
import io.millrace.core.BaseDescription.Quantisation;
import io.millrace.core.ChatMessage;
import io.millrace.core.Digest;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.core.TrainingExample;
import io.millrace.core.TrainingExample.Content;
import io.millrace.engine.base.Base;
import io.millrace.engine.base.Bases;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class CompletionEncoderTest {
    private static Base base;
    private static ExampleEncoder encoder;

    @BeforeAll
    static void open() {
        base = Bases.openDirectory(Path.of("src/test/resources/golden/models/tiny-llama"), Quantisation.NF4);
        encoder = base.exampleEncoder();
    }

    @AfterAll
    static void close() {
        base.close();
    }

    @Test
    void theCompletionAndItsEndAreLabelled() {
        // Given a prompt with its completion
        Content content = new Content.PromptCompletion("Capital of France?", "Paris");

        // When encoded
        TrainingSequence sequence = encode(content, 512);

        // Then it reads as the template writes it, and the answer with its end-of-turn token is learned
        assertThat(text(sequence))
                .isEqualTo("<|im_start|>user\nCapital of France?<|im_end|>\n<|im_start|>assistant\nParis<|im_end|>");
        assertThat(learned(sequence)).isEqualTo("Paris<|im_end|>");
        assertThat(sequence.truncated()).isFalse();
        assertThat(sequence.weight()).isEqualTo(0.5);
    }

    @Test
    void theTokensBeforeTheCompletionAreThoseOfServing() {
        // Given a prompt as it is served
        int[] served = base.prompts().chat(List.of(ChatMessage.of("user", "  spaces \n")), List.of());

        // When it is trained on, then the sequence begins with the same tokens
        TrainingSequence sequence = encode(new Content.PromptCompletion("  spaces \n", " x"), 512);
        assertThat(sequence.tokenIds()).startsWith(served);
        assertThat(sequence.labelled()[served.length]).isTrue();
        assertThat(sequence.labelled()[served.length - 1]).isFalse();
    }

    @Test
    void everyAssistantTurnIsLabelled() {
        // Given a conversation with two answers
        Content content = new Content.Messages(List.of(
                ChatMessage.of("system", "Brief."),
                ChatMessage.of("user", "1+1?"),
                ChatMessage.of("assistant", "2"),
                ChatMessage.of("user", "2+2?"),
                ChatMessage.of("assistant", "4")));

        // When encoded, then both are learned, and nothing else
        TrainingSequence sequence = encode(content, 512);
        assertThat(learned(sequence)).isEqualTo("2<|im_end|>4<|im_end|>");
        assertThat(text(sequence)).isEqualTo("""
                        <|im_start|>system
                        Brief.<|im_end|>
                        <|im_start|>user
                        1+1?<|im_end|>
                        <|im_start|>assistant
                        2<|im_end|>
                        <|im_start|>user
                        2+2?<|im_end|>
                        <|im_start|>assistant
                        4<|im_end|>""");
    }

    @Test
    void allOfATextIsLabelled() {
        TrainingSequence sequence = encode(new Content.Text("Once upon a time"), 512);
        assertThat(text(sequence)).isEqualTo("Once upon a time");
        assertThat(sequence.labelledTokens()).isEqualTo(sequence.length() - 1);
    }

    @Test
    void aLongPromptLosesItsBeginning() {
        // Given more prompt than fits
        Content content = new Content.PromptCompletion("word ".repeat(300), "Paris");

        // When encoded
        TrainingSequence sequence = encode(content, 64);

        // Then the completion is whole, and the sequence says that it was cut
        assertThat(sequence.length()).isEqualTo(64);
        assertThat(sequence.truncated()).isTrue();
        assertThat(learned(sequence)).isEqualTo("Paris<|im_end|>");
    }

    @Test
    void anAnswerThatEndsAsTheTokenizerAsksNeedsNoTemplate() {
        // Given the same tokenizer without a chat template
        ExampleEncoder plain = new CompletionEncoder(
                base.tokenizer(), Optional.empty(), base.description().eosTokenIds());

        // When a pair is encoded, then it is joined as it is, and the end is learned too
        TrainingSequence sequence = plain.encode(example(new Content.PromptCompletion("a:", " b")), 64);
        assertThat(text(sequence)).isEqualTo("a: b<|im_end|>");
        assertThat(learned(sequence)).isEqualTo(" b<|im_end|>");
    }

    @Test
    void aTemplateThatRewritesEarlierTurnsHasItsLastOneLabelled() {
        // Given a template that drops all answers but the last
        ChatTemplate template = JinjaChatTemplate.compile(
                "{% for m in messages %}{% if m['role'] != 'assistant' or loop.last %}<|im_start|>{{ m['content'] }}"
                        + "<|im_end|>{% endif %}{% endfor %}{% if add_generation_prompt %}<|im_start|>{% endif %}",
                Map.of());
        ExampleEncoder rewriting = new CompletionEncoder(base.tokenizer(), Optional.of(template), List.of(2));

        // When a conversation is encoded
        TrainingSequence sequence = rewriting.encode(
                example(new Content.Messages(List.of(
                        ChatMessage.of("user", "a"),
                        ChatMessage.of("assistant", "b"),
                        ChatMessage.of("user", "c"),
                        ChatMessage.of("assistant", "d")))),
                64);

        // Then only what is served so is learned
        assertThat(text(sequence)).isEqualTo("<|im_start|>a<|im_end|><|im_start|>c<|im_end|><|im_start|>d<|im_end|>");
        assertThat(learned(sequence)).isEqualTo("d<|im_end|>");
    }

    @Test
    void whatCantBeTrainedIsRefusedWithItsCode() {
        refused(new Content.PromptCompletion("a", "word ".repeat(300)), ErrorCode.TOO_LONG);
        refused(new Content.Text("word ".repeat(300)), ErrorCode.TOO_LONG);
        refused(new Content.PromptCompletion("a", ""), ErrorCode.NO_TRAINABLE_TOKENS);
        refused(new Content.Text(""), ErrorCode.NO_TRAINABLE_TOKENS);
        refused(new Content.Messages(List.of(ChatMessage.of("user", "a"))), ErrorCode.BAD_ROLE_ORDER);
        refused(new Content.Messages(List.of()), ErrorCode.BAD_ROLE_ORDER);
    }

    private static void refused(Content content, ErrorCode code) {
        assertThatExceptionOfType(MillraceException.class)
                .isThrownBy(() -> encode(content, 64))
                .satisfies(e -> assertThat(e.code()).isEqualTo(code));
    }

    private static TrainingSequence encode(Content content, int maxLength) {
        return encoder.encode(example(content), maxLength);
    }

    private static TrainingExample example(Content content) {
        return new TrainingExample(
                AdapterName.parse("acme/support"),
                "1",
                content,
                0.5,
                List.of(),
                Optional.empty(),
                Digest.of(content.toString()));
    }

    private static String text(TrainingSequence sequence) {
        return base.tokenizer().decode(sequence.tokenIds(), false);
    }

    private static String learned(TrainingSequence sequence) {
        int[] ids = IntStream.range(0, sequence.length())
                .filter(i -> sequence.labelled()[i])
                .map(i -> sequence.tokenIds()[i])
                .toArray();
        return base.tokenizer().decode(Arrays.copyOf(ids, ids.length), false);
    }
}
