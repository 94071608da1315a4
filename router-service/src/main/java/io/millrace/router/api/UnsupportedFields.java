package io.millrace.router.api;

import com.fasterxml.jackson.databind.JsonNode;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Predicate;

/**
 * Fields of OpenAI's API, and of other servers', that would change the output and aren't supported. Each may stand there
 * with the value that changes nothing. Any other unknown field is ignored.
 */
final class UnsupportedFields {
    private static final Map<String, Predicate<JsonNode>> NEUTRAL = new LinkedHashMap<>();

    static {
        neutral(
                v -> v.isNumber() && v.doubleValue() == 0,
                "presence_penalty",
                "frequency_penalty",
                "min_p",
                "min_tokens");
        neutral(v -> v.isNumber() && v.doubleValue() == 1, "n", "best_of", "repetition_penalty", "length_penalty");
        neutral(v -> v.isNumber() && v.intValue() <= 0, "top_k");
        neutral(
                v -> v.isContainerNode() && v.isEmpty(),
                "logit_bias",
                "tools",
                "functions",
                "documents",
                "bad_words",
                "stop_token_ids");
        neutral(
                v -> v.isTextual()
                        && (v.textValue().equals("none") || v.textValue().equals("auto")),
                "tool_choice",
                "function_call");
        neutral(v -> v.path("type").asText().equals("text"), "response_format");
        neutral(v -> v.isArray() && v.size() == 1 && v.get(0).asText().equals("text"), "modalities");
        neutral(
                v -> v.isBoolean() && !v.booleanValue(),
                "echo",
                "ignore_eos",
                "use_beam_search",
                "continue_final_message");
        neutral(v -> v.isTextual() && v.textValue().isEmpty(), "suffix");
        neutral(v -> v.isBoolean() && v.booleanValue(), "skip_special_tokens", "add_generation_prompt");
        neutral(
                v -> false,
                "audio",
                "prediction",
                "reasoning_effort",
                "verbosity",
                "web_search_options",
                "chat_template",
                "chat_template_kwargs",
                "prompt_logprobs",
                "truncate_prompt_tokens",
                "guided_json",
                "guided_regex",
                "guided_choice",
                "guided_grammar",
                "structured_outputs");
    }

    private UnsupportedFields() {}

    private static void neutral(Predicate<JsonNode> value, String... names) {
        for (String name : names) {
            NEUTRAL.put(name, value);
        }
    }

    /** @throws MillraceException {@code unsupported_parameter} naming the first such field */
    static void refuse(RequestBody body) {
        NEUTRAL.forEach((name, neutral) -> body.field(name).ifPresent(value -> {
            if (!neutral.test(value)) {
                throw unsupported(name, "'" + name + "' isn't supported; leave it out");
            }
        }));
    }

    static MillraceException unsupported(String name, String detail) {
        return new MillraceException(ErrorCode.UNSUPPORTED_PARAMETER, detail);
    }
}
