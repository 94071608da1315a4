package io.millrace.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.millrace.core.TrainingExample.Content;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ExampleParserTest {
    private static final int LIMIT = 1 << 20;
    private final ExampleParser parser = new ExampleParser(LIMIT);

    @Test
    void readsPromptAndCompletion() {
        TrainingExample example = parse("""
                {"adapter":"acme/support","id":"e-1","weight":2.5,"time":"2026-01-01T00:00:00Z",
                 "prompt":"Where is my card?","completion":"card_arrival","source":{"page":[1,2]}}""");
        assertThat(example.adapter()).isEqualTo(AdapterName.parse("acme/support"));
        assertThat(example.id()).isEqualTo("e-1");
        assertThat(example.weight()).isEqualTo(2.5);
        assertThat(example.time()).contains("2026-01-01T00:00:00Z");
        assertThat(example.content()).isEqualTo(new Content.PromptCompletion("Where is my card?", "card_arrival"));
    }

    @Test
    void joinsInstructionAndInputByABlankLine() {
        assertThat(parse(
                                "{\"adapter\":\"a/b\",\"instruction\":\"Sum up\",\"input\":\"Long text\",\"output\":\"Short\"}")
                        .content())
                .isEqualTo(new Content.PromptCompletion("Sum up\n\nLong text", "Short"));
        for (String input : List.of("", ",\"input\":\"\"", ",\"input\":null")) {
            assertThat(parse("{\"adapter\":\"a/b\",\"instruction\":\"Sum up\"" + input + ",\"output\":\"Short\"}")
                            .content())
                    .isEqualTo(new Content.PromptCompletion("Sum up", "Short"));
        }
    }

    @Test
    void readsText() {
        assertThat(parse("{\"adapter\":\"a/b\",\"text\":\"Ünï\\u00e9 \\ud83d\\ude00\"}")
                        .content())
                .isEqualTo(new Content.Text("Ünïé 😀"));
    }

    @Test
    void readsMessagesWithToolsAndTextParts() {
        TrainingExample example = parse("""
                {"adapter":"a/b","tools":[{"type":"function","function":{"name":"f"}}],"messages":[
                  {"role":"system","content":"Be brief."},
                  {"role":"user","content":[{"type":"text","text":"What is "},{"type":"text","text":"it?"}]},
                  {"role":"assistant","content":null,"tool_calls":[{"id":"1","function":{"name":"f"}}]},
                  {"role":"tool","content":"42","tool_call_id":"1"},
                  {"role":"assistant","content":"42","name":null}]}""");
        assertThat(example.tools()).containsExactly(Map.of("type", "function", "function", Map.of("name", "f")));
        assertThat(((Content.Messages) example.content()).messages())
                .containsExactly(
                        ChatMessage.of("system", "Be brief."),
                        ChatMessage.of("user", "What is it?"),
                        new ChatMessage(
                                "assistant",
                                "",
                                Map.of("tool_calls", List.of(Map.of("id", "1", "function", Map.of("name", "f"))))),
                        new ChatMessage("tool", "42", Map.of("tool_call_id", "1")),
                        ChatMessage.of("assistant", "42"));
    }

    @Test
    void takesTheFirstCompleteForm() {
        assertThat(parse("{\"adapter\":\"a/b\",\"text\":\"t\",\"instruction\":\"i\",\"output\":\"o\",\"prompt\":\"p\"}")
                        .content())
                .isEqualTo(new Content.PromptCompletion("i", "o"));
        assertThat(parse("{\"adapter\":\"a/b\",\"text\":\"t\",\"output\":5,\"input\":{}}")
                        .content())
                .isEqualTo(new Content.Text("t"));
    }

    @Test
    void computesTheIdFromAdapterAndContentAlone() {
        // Given the same content in two spellings, with other fields
        TrainingExample one =
                parse("{\"adapter\":\"a/b\",\"prompt\":\"caf\\u00e9\",\"completion\":\"c\",\"weight\":2}");
        TrainingExample two = parse("{ \"completion\":\"c\", \"x\":1, \"prompt\":\"café\", \"adapter\":\"a/b\" }");
        // Then the id is the digest of the canonical {adapter, content}
        String canonical = "{\"adapter\":\"a/b\",\"content\":{\"completion\":\"c\",\"prompt\":\"café\"}}";
        assertThat(one.id()).isEqualTo(Digest.of(canonical).hex()).isEqualTo(two.id());
        assertThat(one.contentDigest()).isEqualTo(Digest.of("{\"completion\":\"c\",\"prompt\":\"café\"}"));
        // And another adapter or content has another one
        assertThat(parse("{\"adapter\":\"a/c\",\"prompt\":\"café\",\"completion\":\"c\"}")
                        .id())
                .isNotEqualTo(one.id());
        assertThat(parse("{\"adapter\":\"a/b\",\"prompt\":\"café\",\"completion\":\"d\"}")
                        .id())
                .isNotEqualTo(one.id());
    }

    @Test
    void readsAnIntegerAsId() {
        assertThat(parse("{\"adapter\":\"a/b\",\"text\":\"t\",\"id\":17}").id()).isEqualTo("17");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            malformed_json   | hello
            malformed_json   | {"adapter":"a/b","text":"t"
            malformed_json   | {"adapter":"a/b","text":"t"} {}
            malformed_json   | {"adapter":"a/b","text":"t"} x
            malformed_json   | {'adapter':'a/b','text':'t'}
            malformed_json   | {"adapter":"a/b","text":"t",}
            malformed_json   | [{"adapter":"a/b","text":"t"}]
            malformed_json   | "text"
            malformed_json   | 17
            malformed_json   | null
            malformed_json   | {"adapter":"a/b","text":"t","text":"u"}
            malformed_json   | {"adapter":"a/b","messages":[{"role":"user","role":"user","content":"x"}]}
            malformed_json   | {"adapter":"a/b","text":"t","x":NaN}
            malformed_json   | {"adapter":"a/b","text":"\\ud800"}
            malformed_json   | {"adapter":"a/b","text":"t","id":{}}
            malformed_json   | {"adapter":"a/b","text":"t","id":true}
            malformed_json   | {"adapter":"a/b","text":"t","id":1.5}
            malformed_json   | {"adapter":"a/b","text":"t","id":""}
            malformed_json   | {"adapter":"a/b","text":"t","id":"\\udc00"}
            malformed_json   | {"adapter":"a/b","text":"t","weight":0}
            malformed_json   | {"adapter":"a/b","text":"t","weight":-1}
            malformed_json   | {"adapter":"a/b","text":"t","weight":1e400}
            malformed_json   | {"adapter":"a/b","text":"t","weight":1e-400}
            malformed_json   | {"adapter":"a/b","text":"t","weight":"2"}
            malformed_json   | {"adapter":"a/b","text":"t","time":{}}
            malformed_json   | {"adapter":"a/b","text":"t","tools":{}}
            malformed_json   | {"adapter":"a/b","text":"t","tools":["f"]}
            malformed_json   | {"adapter":"a/b","text":7}
            malformed_json   | {"adapter":"a/b","prompt":"p","completion":["c"]}
            malformed_json   | {"adapter":"a/b","instruction":"i","input":3,"output":"o"}
            malformed_json   | {"adapter":"a/b","messages":"hello"}
            malformed_json   | {"adapter":"a/b","messages":["hello"]}
            malformed_json   | {"adapter":"a/b","messages":[{"role":"user","content":5},{"role":"assistant","content":"a"}]}
            malformed_json   | {"adapter":"a/b","messages":[{"role":"user","content":[{"type":"image_url"}]},{"role":"assistant","content":"a"}]}
            missing_adapter  | {}
            missing_adapter  | {"text":"t"}
            missing_adapter  | {"adapter":null,"text":"t"}
            missing_adapter  | {"adapter":"","text":"t"}
            bad_adapter_name | {"adapter":5,"text":"t"}
            bad_adapter_name | {"adapter":"support","text":"t"}
            bad_adapter_name | {"adapter":"a/b/c","text":"t"}
            bad_adapter_name | {"adapter":"/b","text":"t"}
            bad_adapter_name | {"adapter":"a/","text":"t"}
            bad_adapter_name | {"adapter":"a b/c","text":"t"}
            bad_adapter_name | {"adapter":"a/-b","text":"t"}
            bad_adapter_name | {"adapter":"a/b.","text":"t"}
            bad_adapter_name | {"adapter":"a/b--c","text":"t"}
            bad_adapter_name | {"adapter":"a/b..c","text":"t"}
            bad_adapter_name | {"adapter":"a/b.git","text":"t"}
            bad_adapter_name | {"adapter":"a/b.v42","text":"t"}
            bad_adapter_name | {"adapter":"a/ü","text":"t"}
            no_content       | {"adapter":"a/b"}
            no_content       | {"adapter":"a/b","prompt":"p"}
            no_content       | {"adapter":"a/b","completion":"c"}
            no_content       | {"adapter":"a/b","prompt":null,"completion":"c"}
            no_content       | {"adapter":"a/b","prompt":"p","completion":""}
            no_content       | {"adapter":"a/b","instruction":"i","input":"x"}
            no_content       | {"adapter":"a/b","instruction":"i","output":""}
            no_content       | {"adapter":"a/b","text":""}
            no_content       | {"adapter":"a/b","messages":[]}
            no_content       | {"adapter":"a/b","messages":null}
            no_content       | {"adapter":"a/b","messages":[{"role":"user"},{"role":"assistant","content":"a"}]}
            no_content       | {"adapter":"a/b","messages":[{"role":"user","content":"u"},{"role":"assistant","content":""}]}
            bad_role_order   | {"adapter":"a/b","messages":[{"role":"user","content":"u"}]}
            bad_role_order   | {"adapter":"a/b","messages":[{"role":"assistant","content":"a"}]}
            bad_role_order   | {"adapter":"a/b","messages":[{"content":"u"},{"role":"assistant","content":"a"}]}
            bad_role_order   | {"adapter":"a/b","messages":[{"role":"robot","content":"u"},{"role":"assistant","content":"a"}]}
            bad_role_order   | {"adapter":"a/b","messages":[{"role":"user","content":"u"},{"role":"user","content":"v"},{"role":"assistant","content":"a"}]}
            bad_role_order   | {"adapter":"a/b","messages":[{"role":"user","content":"u"},{"role":"assistant","content":"a"},{"role":"assistant","content":"b"}]}
            bad_role_order   | {"adapter":"a/b","messages":[{"role":"user","content":"u"},{"role":"system","content":"s"},{"role":"assistant","content":"a"}]}
            bad_role_order   | {"adapter":"a/b","messages":[{"role":"user","content":"u"},{"role":"tool","content":"t"},{"role":"assistant","content":"a"}]}
            bad_role_order   | {"adapter":"a/b","messages":[{"role":"system","content":"s"},{"role":"assistant","content":"a"}]}
            """)
    void refusesWithACode(String code, String record) {
        assertRefused(code, record.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void refusesWhatIsNoUtf8() {
        byte[] latin = "{\"adapter\":\"a/b\",\"text\":\"é\"}".getBytes(StandardCharsets.ISO_8859_1);
        assertRefused("malformed_json", latin);
        assertRefused("malformed_json", "{\"adapter\":\"a/b\",\"text\":\"t\"}".getBytes(StandardCharsets.UTF_16LE));
        assertRefused("malformed_json", new byte[] {(byte) 0xff, (byte) 0xfe, 0});
    }

    @Test
    void refusesNoValueAtAll() {
        assertRefused("malformed_json", null);
        assertRefused("malformed_json", new byte[0]);
        assertRefused("malformed_json", new byte[] {' ', '\n'});
    }

    @ParameterizedTest
    @ValueSource(ints = {101, 5_000, 200_000})
    void refusesDeepNesting(int depth) {
        String record = "{\"adapter\":\"a/b\",\"text\":\"t\",\"x\":" + "[".repeat(depth) + "]".repeat(depth) + "}";
        assertRefused("malformed_json", record.getBytes(StandardCharsets.UTF_8));
        String objects = "{\"adapter\":\"a/b\",\"text\":\"t\",\"x\":" + "{\"x\":".repeat(depth);
        assertRefused("malformed_json", objects.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void acceptsUsualNesting() {
        String record = "{\"adapter\":\"a/b\",\"text\":\"t\",\"x\":" + "[".repeat(50) + "]".repeat(50) + "}";
        assertThat(parse(record).content()).isEqualTo(new Content.Text("t"));
    }

    @Test
    void refusesRecordsOverTheLimit() {
        String frame = "{\"adapter\":\"a/b\",\"text\":\"\"}";
        byte[] fits = "{\"adapter\":\"a/b\",\"text\":\"%s\"}"
                .formatted("x".repeat(LIMIT - frame.length()))
                .getBytes(StandardCharsets.UTF_8);
        assertThat(fits).hasSize(LIMIT);
        assertThat(parser.parse(fits).content()).isInstanceOf(Content.Text.class);
        assertRefused("record_too_large", Arrays.copyOf(fits, LIMIT + 1));
    }

    @Test
    void keepsMessagesShortEnoughForAHeader() {
        String longText = "y\\n".repeat(100_000);
        assertRefused("bad_adapter_name", utf8("{\"adapter\":\"%s\",\"text\":\"t\"}".formatted(longText)));
        assertRefused("malformed_json", utf8("{\"%1$s\":1,\"%1$s\":2}".formatted("z".repeat(40_000))));
        assertRefused("malformed_json", utf8("{\"adapter\":\"a/b\",\"text\":\"t\",\"id\":\"" + longText + "\"}"));
        assertRefused("malformed_json", utf8("x".repeat(100_000)));
        assertRefused("malformed_json", utf8("{\"adapter\":\"a/b\",\"weight\":" + "9".repeat(5_000) + "}"));
    }

    private TrainingExample parse(String record) {
        return parser.parse(utf8(record));
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private void assertRefused(String code, byte[] record) {
        MillraceException refused = catchThrowableOfType(MillraceException.class, () -> parser.parse(record));
        assertThat(refused).as("refusal of %s", code).isNotNull();
        assertThat(refused.code().code()).isEqualTo(code);
        assertThat(refused.getMessage())
                .isNotBlank()
                .hasSizeLessThanOrEqualTo(500)
                .doesNotContain("\n", "\r");
    }
}
