package io.millrace.standalone.client;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.JsonNode;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/** Turns with a running system's router, streamed. Keeps what was said. Not safe for use by many threads. */
public final class Conversation {
    private final ServerClient server;
    private final Settings settings;
    private final List<Map<String, String>> messages = new ArrayList<>();

    /** @param model as the router takes it: {@code auto}, {@code base}, {@code ns/name}, … */
    public record Settings(String model, int maxTokens, double temperature) {}

    /** An adapter that answered. */
    public record Part(String name, String version, double weight) {
        static Part of(JsonNode part) {
            return new Part(
                    part.path("name").asText(),
                    part.path("version").asText(),
                    part.path("weight").asDouble());
        }

        @Override
        public String toString() {
            String revision = version.length() == 40 ? version.substring(0, 8) : version;
            return String.format(Locale.ROOT, "%s@%s x %.2f", name, revision, weight);
        }
    }

    /** @param step which step of the selection decided */
    public record Reply(
            @JsonProperty("text") String text,
            @JsonProperty("decision_id") String decisionId,
            @JsonProperty("step") String step,
            @JsonProperty("adapters") List<Part> adapters,
            @JsonProperty("propensity") double propensity) {

        /** As {@code [prototypes: demo/intents@v3 x 1.00]}. */
        public String answeredBy() {
            return "[" + step + ": " + show(adapters) + "]";
        }
    }

    /** As {@code demo/intents@1a2b3c4d x 0.60 + demo/commands@5e6f7a8b x 0.40}, or {@code base}. */
    public static String show(List<Part> parts) {
        return parts.isEmpty() ? "base" : parts.stream().map(Part::toString).collect(Collectors.joining(" + "));
    }

    /** The adapters of a decision, in its order. */
    public static List<Part> parts(JsonNode adapters) {
        List<Part> parts = new ArrayList<>();
        adapters.forEach(part -> parts.add(Part.of(part)));
        return parts;
    }

    public Conversation(ServerClient server, Settings settings) {
        this.server = server;
        this.settings = settings;
    }

    /**
     * Says the text and hands over the answer's parts as they come.
     *
     * @throws MillraceException as the router refuses; the conversation is then as it was
     */
    public Reply ask(String text, Consumer<String> onText) {
        List<Map<String, String>> asked = new ArrayList<>(messages);
        asked.add(Map.of("role", "user", "content", text));
        StringBuilder answer = new StringBuilder();
        JsonNode[] decision = new JsonNode[1];
        server.stream(
                "/v1/chat/completions",
                Map.of(
                        "model", settings.model(),
                        "messages", asked,
                        "max_tokens", settings.maxTokens(),
                        "temperature", settings.temperature(),
                        "stream", true),
                event -> {
                    if (event.has("error")) {
                        throw new MillraceException(
                                ErrorCode.INTERNAL,
                                event.path("error").path("message").asText("the answer broke off"));
                    }
                    if (decision[0] == null && event.has("millrace")) {
                        decision[0] = event.path("millrace");
                    }
                    String part = event.path("choices")
                            .path(0)
                            .path("delta")
                            .path("content")
                            .asText("");
                    answer.append(part);
                    onText.accept(part);
                });
        messages.clear();
        messages.addAll(asked);
        messages.add(Map.of("role", "assistant", "content", answer.toString()));
        return reply(answer.toString(), decision[0]);
    }

    private static Reply reply(String text, JsonNode decision) {
        if (decision == null) {
            return new Reply(text, "", "", List.of(), Double.NaN);
        }
        return new Reply(
                text,
                decision.path("decision_id").asText(),
                decision.path("step").asText(),
                parts(decision.path("adapters")),
                decision.path("propensity").asDouble());
    }
}
