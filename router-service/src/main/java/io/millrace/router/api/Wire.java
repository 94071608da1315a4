package io.millrace.router.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import io.millrace.engine.decode.Generation;
import io.millrace.router.record.Decision;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The parts that OpenAI's response bodies have in common. */
final class Wire {
    private Wire() {}

    /** What every answer says about its decision. */
    record MillraceField(
            @JsonProperty("decision_id") String decisionId,
            String step,
            @JsonInclude(JsonInclude.Include.ALWAYS) List<Decision.Part> adapters,
            double propensity) {
        static MillraceField of(Decision decision) {
            return new MillraceField(
                    decision.decisionId(), decision.step(), decision.adapters(), decision.propensity());
        }
    }

    record Usage(
            @JsonProperty("prompt_tokens") int promptTokens,
            @JsonProperty("completion_tokens") int completionTokens,
            @JsonProperty("total_tokens") int totalTokens) {
        static Usage of(Generation.Result result) {
            int generated = result.tokens().size();
            return new Usage(result.promptTokens(), generated, result.promptTokens() + generated);
        }
    }

    static String finishReason(Generation.FinishReason reason) {
        return reason == Generation.FinishReason.LENGTH ? "length" : "stop";
    }

    static Map<String, Object> envelope(String id, String object, long created, String model) {
        Map<String, Object> envelope = new LinkedHashMap<>();
        envelope.put("id", id);
        envelope.put("object", object);
        envelope.put("created", created);
        envelope.put("model", model);
        return envelope;
    }

    /** {@code choices[].logprobs} of a chat. */
    static Map<String, Object> chatLogprobs(List<Generation.Token> tokens) {
        return Map.of("content", tokens.stream().map(Wire::chatLogprob).toList());
    }

    private static Map<String, Object> chatLogprob(Generation.Token token) {
        Map<String, Object> entry = logprobEntry(token.text(), token.logprob());
        entry.put(
                "top_logprobs",
                token.alternatives().stream()
                        .map(a -> logprobEntry(a.text(), a.logprob()))
                        .toList());
        return entry;
    }

    private static Map<String, Object> logprobEntry(String text, float logprob) {
        List<Integer> bytes = new ArrayList<>();
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            bytes.add(b & 0xff);
        }
        Map<String, Object> entry = new LinkedHashMap<>();
        entry.put("token", text);
        entry.put("logprob", logprob);
        entry.put("bytes", bytes);
        return entry;
    }

    /** {@code choices[].logprobs} of a completion; offsets count from {@code offset}, in characters of the answer. */
    static Map<String, Object> textLogprobs(List<Generation.Token> tokens, int offset) {
        List<String> texts = new ArrayList<>();
        List<Float> logprobs = new ArrayList<>();
        List<Map<String, Float>> top = new ArrayList<>();
        List<Integer> offsets = new ArrayList<>();
        int position = offset;
        for (Generation.Token token : tokens) {
            texts.add(token.text());
            logprobs.add(token.logprob());
            Map<String, Float> alternatives = new LinkedHashMap<>();
            token.alternatives().forEach(a -> alternatives.putIfAbsent(a.text(), a.logprob()));
            top.add(alternatives);
            offsets.add(position);
            position += token.text().length();
        }
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("tokens", texts);
        fields.put("token_logprobs", logprobs);
        fields.put("top_logprobs", top);
        fields.put("text_offset", offsets);
        return fields;
    }
}
