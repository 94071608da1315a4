package io.millrace.router.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.core.ChatMessage;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.router.generate.Prompt;
import io.millrace.router.select.ModelRef;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RequestReaderTest {
    private final RequestReader reader = new RequestReader(0);

    private RequestReader.Asked chat(String fields) {
        String body = "{\"messages\": [{\"role\": \"user\", \"content\": \"hi\"}]" + fields + "}";
        return reader.chat(body.getBytes(StandardCharsets.UTF_8));
    }

    private static void assertRefused(Runnable call, ErrorCode code, String mentioned) {
        assertThatThrownBy(call::run)
                .isInstanceOfSatisfying(
                        MillraceException.class, e -> assertThat(e.code()).isEqualTo(code))
                .hasMessageContaining(mentioned);
    }

    @Test
    void readsEveryFieldItSupports() {
        // When
        var asked = chat(", \"model\": \"a/b@v3\", \"stream\": true, \"stream_options\": {\"include_usage\": true},"
                + "\"stop\": [\"x\", \"y\"], \"max_completion_tokens\": 9, \"max_tokens\": 5, \"temperature\": 0.7,"
                + "\"top_p\": 0.9, \"seed\": 4, \"logprobs\": true, \"top_logprobs\": 2, \"n\": 1");

        // Then
        var options = asked.question().options();
        assertThat(asked.stream()).isTrue();
        assertThat(asked.includeUsage()).isTrue();
        assertThat(asked.question().model()).isEqualTo("a/b@v3");
        assertThat(asked.question().routing().model()).isEqualTo(ModelRef.parse("a/b@v3"));
        assertThat(options.stop()).containsExactly("x", "y");
        assertThat(options.maxTokens()).hasValue(9);
        assertThat(options.temperature()).isEqualTo(0.7);
        assertThat(options.topP()).isEqualTo(0.9);
        assertThat(options.seed()).hasValue(4);
        assertThat(options.logprobs()).isTrue();
        assertThat(options.topLogprobs()).isEqualTo(2);
    }

    @Test
    void joinsTextPartsAndTakesDevelopersForSystem() {
        String body = "{\"messages\": [{\"role\": \"developer\", \"content\": \"short\"}, {\"role\": \"user\","
                + " \"content\": [{\"type\": \"text\", \"text\": \"a\"}, {\"type\": \"text\", \"text\": \"b\"}]}]}";
        assertThat(reader.chat(body.getBytes(StandardCharsets.UTF_8)).question().prompt())
                .isEqualTo(new Prompt.Chat(List.of(ChatMessage.of("system", "short"), ChatMessage.of("user", "ab"))));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\"n\": 2",
                "\"presence_penalty\": 0.5",
                "\"frequency_penalty\": 1",
                "\"logit_bias\": {\"5\": 1}",
                "\"response_format\": {\"type\": \"json_object\"}",
                "\"tools\": [{}]",
                "\"top_k\": 40",
                "\"reasoning_effort\": \"low\"",
                "\"echo\": true"
            })
    void refusesByNameWhatWouldChangeTheOutput(String field) {
        String name = field.substring(1, field.indexOf('"', 1));
        assertRefused(() -> chat(", " + field), ErrorCode.UNSUPPORTED_PARAMETER, "'" + name + "'");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\"n\": 1", "\"presence_penalty\": 0", "\"logit_bias\": {}",
                        "\"response_format\": {\"type\": \"text\"}",
                "\"tools\": []", "\"tool_choice\": \"auto\"", "\"user\": \"u\"", "\"metadata\": {\"a\": \"b\"}",
                "\"store\": true", "\"stop\": null", "\"anything_else\": 3"
            })
    void ignoresWhatChangesNothing(String field) {
        assertThat(chat(", " + field).question().model()).isEqualTo("auto");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"temperature\": 3 | temperature",
                "\"temperature\": \"hot\" | temperature",
                "\"top_p\": 0 | top_p",
                "\"max_tokens\": 0 | max_tokens",
                "\"stop\": [\"\"] | stop",
                "\"seed\": 1.5 | seed",
                "\"stream\": \"yes\" | stream",
                "\"top_logprobs\": 2 | logprobs",
                "\"adapters\": {} | adapters",
                "\"adapters\": [{\"weight\": 1}] | adapters[0].name",
                "\"adapters\": [{\"name\": \"a/b\", \"weight\": \"x\"}] | adapters[0].weight"
            })
    void namesTheFieldThatIsWrong(String field, String mentioned) {
        assertRefused(() -> chat(", " + field), ErrorCode.BAD_REQUEST, mentioned);
    }

    @Test
    void refusesBodiesThatAreNoRequests() {
        assertRefused(() -> reader.chat("{\"a\"".getBytes(StandardCharsets.UTF_8)), ErrorCode.MALFORMED_JSON, "JSON");
        assertRefused(() -> reader.chat("[]".getBytes(StandardCharsets.UTF_8)), ErrorCode.BAD_REQUEST, "object");
        assertRefused(() -> reader.chat(new byte[0]), ErrorCode.BAD_REQUEST, "object");
        assertRefused(() -> reader.chat("{}".getBytes(StandardCharsets.UTF_8)), ErrorCode.BAD_REQUEST, "messages");
        assertRefused(() -> reader.completion("{}".getBytes(StandardCharsets.UTF_8)), ErrorCode.BAD_REQUEST, "prompt");
        assertRefused(
                () -> reader.completion("{\"prompt\": [\"a\", \"b\"]}".getBytes(StandardCharsets.UTF_8)),
                ErrorCode.UNSUPPORTED_PARAMETER,
                "prompt");
    }
}
