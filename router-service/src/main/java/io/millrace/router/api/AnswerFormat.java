package io.millrace.router.api;

import io.millrace.engine.decode.Generation;
import io.millrace.router.record.Decision;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** One of OpenAI's two shapes of answers, whole and in chunks. Not safe for use by many threads. */
abstract sealed class AnswerFormat {
    private final Decision decision;
    private final String prefix;
    private final String model;
    private final long created;
    private final boolean logprobs;
    private final boolean usageAsked;

    private AnswerFormat(String prefix, Asking asking) {
        this.prefix = prefix;
        this.decision = asking.decision();
        this.model = asking.model();
        this.created = asking.created();
        this.logprobs = asking.logprobs();
        this.usageAsked = asking.usage();
    }

    /**
     * What is answered.
     *
     * @param created seconds since 1970
     * @param usage whether a stream ends with a chunk that says it
     */
    record Asking(Decision decision, String model, long created, boolean logprobs, boolean usage) {}

    /** The whole answer. */
    Map<String, Object> whole(Generation.Result result) {
        Map<String, Object> body = envelope(wholeObject());
        Map<String, Object> choice = wholeChoice(result);
        choice.put("logprobs", logprobs ? logprobs(result.tokens()) : null);
        choice.put("finish_reason", Wire.finishReason(result.finishReason()));
        body.put("choices", List.of(choice));
        body.put("usage", Wire.Usage.of(result));
        body.put("millrace", Wire.MillraceField.of(decision));
        return body;
    }

    /** The first chunk: who answers. */
    Map<String, Object> opening() {
        Map<String, Object> body = chunk(openingChoice(), null, null);
        body.put("millrace", Wire.MillraceField.of(decision));
        return body;
    }

    Map<String, Object> token(Generation.Token token) {
        return chunk(tokenChoice(token.text()), logprobs ? logprobs(List.of(token)) : null, null);
    }

    /** The last chunks. */
    List<Map<String, Object>> closing(Generation.Result result) {
        List<Map<String, Object>> chunks = new ArrayList<>();
        chunks.add(chunk(closingChoice(), null, Wire.finishReason(result.finishReason())));
        if (usageAsked) {
            Map<String, Object> usage = envelope(chunkObject());
            usage.put("choices", List.of());
            usage.put("usage", Wire.Usage.of(result));
            chunks.add(usage);
        }
        return chunks;
    }

    private Map<String, Object> chunk(Map<String, Object> choice, Object logprobs, String finishReason) {
        Map<String, Object> body = envelope(chunkObject());
        choice.put("logprobs", logprobs);
        choice.put("finish_reason", finishReason);
        body.put("choices", List.of(choice));
        if (usageAsked) {
            body.put("usage", null);
        }
        return body;
    }

    private Map<String, Object> envelope(String object) {
        return Wire.envelope(prefix + decision.decisionId(), object, created, model);
    }

    abstract String wholeObject();

    abstract String chunkObject();

    abstract Map<String, Object> wholeChoice(Generation.Result result);

    abstract Map<String, Object> openingChoice();

    abstract Map<String, Object> tokenChoice(String text);

    abstract Map<String, Object> closingChoice();

    abstract Object logprobs(List<Generation.Token> tokens);

    private static Map<String, Object> choice(String field, Object value) {
        Map<String, Object> choice = new LinkedHashMap<>();
        choice.put("index", 0);
        choice.put(field, value);
        return choice;
    }

    /** {@code /v1/chat/completions} */
    static final class Chat extends AnswerFormat {
        Chat(Asking asking) {
            super("chatcmpl-", asking);
        }

        @Override
        String wholeObject() {
            return "chat.completion";
        }

        @Override
        String chunkObject() {
            return "chat.completion.chunk";
        }

        @Override
        Map<String, Object> wholeChoice(Generation.Result result) {
            return choice("message", Map.of("role", "assistant", "content", result.text()));
        }

        @Override
        Map<String, Object> openingChoice() {
            return choice("delta", Map.of("role", "assistant", "content", ""));
        }

        @Override
        Map<String, Object> tokenChoice(String text) {
            return choice("delta", Map.of("content", text));
        }

        @Override
        Map<String, Object> closingChoice() {
            return choice("delta", Map.of());
        }

        @Override
        Object logprobs(List<Generation.Token> tokens) {
            return Wire.chatLogprobs(tokens);
        }
    }

    /** {@code /v1/completions} */
    static final class Text extends AnswerFormat {
        private int position;

        Text(Asking asking) {
            super("cmpl-", asking);
        }

        @Override
        String wholeObject() {
            return "text_completion";
        }

        @Override
        String chunkObject() {
            return "text_completion";
        }

        @Override
        Map<String, Object> wholeChoice(Generation.Result result) {
            return choice("text", result.text());
        }

        @Override
        Map<String, Object> openingChoice() {
            return choice("text", "");
        }

        @Override
        Map<String, Object> tokenChoice(String text) {
            return choice("text", text);
        }

        @Override
        Map<String, Object> closingChoice() {
            return choice("text", "");
        }

        @Override
        Object logprobs(List<Generation.Token> tokens) {
            int start = position;
            position += tokens.stream().mapToInt(t -> t.text().length()).sum();
            return Wire.textLogprobs(tokens, start);
        }
    }
}
