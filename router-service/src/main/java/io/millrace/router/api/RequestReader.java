package io.millrace.router.api;

import com.fasterxml.jackson.databind.JsonNode;
import io.millrace.core.ChatMessage;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.router.Answers;
import io.millrace.router.generate.Options;
import io.millrace.router.generate.Prompt;
import io.millrace.router.select.ModelRef;
import io.millrace.router.select.RoutingRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.StreamSupport;

/** From OpenAI's request bodies to questions. */
public final class RequestReader {
    private static final Set<String> ROLES = Set.of("system", "developer", "user", "assistant", "tool");
    private static final int MAX_STOPS = 16;
    private static final int MAX_CHAT_LOGPROBS = 20;
    private static final int MAX_TEXT_LOGPROBS = 5;

    private final double defaultTemperature;

    /** @param defaultTemperature where a request has none */
    public RequestReader(double defaultTemperature) {
        this.defaultTemperature = defaultTemperature;
    }

    /** A question, and how its answer is wanted. */
    record Asked(Answers.Question question, boolean stream, boolean includeUsage) {}

    Asked chat(byte[] content) {
        RequestBody body = RequestBody.parse(content);
        UnsupportedFields.refuse(body);
        Prompt prompt = new Prompt.Chat(messages(body));
        boolean logprobs = body.flag("logprobs");
        int top = body.integer("top_logprobs", 0, MAX_CHAT_LOGPROBS).orElse(0);
        if (top > 0 && !logprobs) {
            throw RequestBody.bad("'top_logprobs' needs 'logprobs': true");
        }
        return asked(body, prompt, logprobs, top);
    }

    Asked completion(byte[] content) {
        RequestBody body = RequestBody.parse(content);
        UnsupportedFields.refuse(body);
        OptionalInt top = body.integer("logprobs", 0, MAX_TEXT_LOGPROBS);
        return asked(body, text(body), top.isPresent(), top.orElse(0));
    }

    /** A request for the decision alone: as either of the others, or with a plain {@code text}. */
    record Selecting(String model, RoutingRequest routing, Prompt prompt) {}

    Selecting select(byte[] content) {
        RequestBody body = RequestBody.parse(content);
        Prompt prompt = body.field("messages").isPresent()
                ? new Prompt.Chat(messages(body))
                : new Prompt.Text(body.text("text")
                        .or(() -> body.text("prompt"))
                        .orElseThrow(() -> RequestBody.bad("one of 'messages', 'prompt' and 'text' is needed")));
        String model = model(body);
        return new Selecting(model, routing(body, model, prompt), prompt);
    }

    private Asked asked(RequestBody body, Prompt prompt, boolean logprobs, int topLogprobs) {
        String model = model(body);
        boolean includeUsage = body.field("stream_options")
                .map(o -> o.path("include_usage").asBoolean(false))
                .orElse(false);
        Options options = new Options(
                maxTokens(body),
                stop(body),
                body.number("temperature", defaultTemperature, 0, 2),
                topP(body),
                body.whole("seed"),
                logprobs,
                topLogprobs);
        return new Asked(
                new Answers.Question(model, routing(body, model, prompt), prompt, options),
                body.flag("stream"),
                includeUsage);
    }

    private static String model(RequestBody body) {
        return body.text("model").orElse("auto");
    }

    private static RoutingRequest routing(RequestBody body, String model, Prompt prompt) {
        List<RoutingRequest.Inline> inline = inline(body);
        return new RoutingRequest(
                inline.isEmpty() ? ModelRef.parse(model) : new ModelRef.Auto(), inline, prompt.routingText());
    }

    private static List<RoutingRequest.Inline> inline(RequestBody body) {
        List<RoutingRequest.Inline> inline = new ArrayList<>();
        for (JsonNode entry : array(body, "adapters")) {
            String field = "adapters[" + inline.size() + "]";
            if (!entry.path("name").isTextual()) {
                throw RequestBody.bad(
                        "'" + field + ".name' must be namespace/name, with @revision where it isn't the" + " champion");
            }
            JsonNode weight = entry.path("weight");
            if (!weight.isMissingNode() && !(weight.isNumber() && Double.isFinite(weight.doubleValue()))) {
                throw RequestBody.bad("'" + field + ".weight' must be a finite number");
            }
            inline.add(new RoutingRequest.Inline(
                    ModelRef.adapter(entry.path("name").textValue()), weight.asDouble(1)));
        }
        return inline;
    }

    private static Iterable<JsonNode> array(RequestBody body, String name) {
        Optional<JsonNode> value = body.field(name);
        if (value.isPresent() && !value.get().isArray()) {
            throw RequestBody.bad("'" + name + "' must be an array");
        }
        return value.<Iterable<JsonNode>>map(v -> v).orElse(List.of());
    }

    private static OptionalInt maxTokens(RequestBody body) {
        OptionalInt newer = body.integer("max_completion_tokens", 1, Integer.MAX_VALUE);
        OptionalInt older = body.integer("max_tokens", 1, Integer.MAX_VALUE);
        return newer.isPresent() ? newer : older;
    }

    private static double topP(RequestBody body) {
        double topP = body.number("top_p", 1, 0, 1);
        if (topP == 0) {
            throw RequestBody.bad("'top_p' must be above 0; for the likeliest token each time set 'temperature' to 0");
        }
        return topP;
    }

    private static List<String> stop(RequestBody body) {
        Optional<JsonNode> stop = body.field("stop");
        if (stop.isEmpty()) {
            return List.of();
        }
        List<JsonNode> texts = stop.get().isArray()
                ? StreamSupport.stream(stop.get().spliterator(), false).toList()
                : List.of(stop.get());
        if (texts.size() > MAX_STOPS
                || texts.stream().anyMatch(t -> !t.isTextual() || t.textValue().isEmpty())) {
            throw RequestBody.bad("'stop' must be a text or up to " + MAX_STOPS + " texts, none of them empty");
        }
        return texts.stream().map(JsonNode::textValue).toList();
    }

    private static Prompt text(RequestBody body) {
        JsonNode prompt = body.field("prompt").orElseThrow(() -> RequestBody.bad("'prompt' is missing"));
        if (prompt.isTextual()) {
            return nonEmpty(prompt.textValue());
        }
        if (prompt.isArray() && prompt.size() == 1 && prompt.get(0).isTextual()) {
            return nonEmpty(prompt.get(0).textValue());
        }
        throw new MillraceException(
                ErrorCode.UNSUPPORTED_PARAMETER,
                "'prompt' must be one text; several texts and token ids aren't supported: send one request each");
    }

    private static Prompt nonEmpty(String text) {
        if (text.isEmpty()) {
            throw RequestBody.bad("'prompt' is empty; there is nothing to go on with");
        }
        return new Prompt.Text(text);
    }

    private static List<ChatMessage> messages(RequestBody body) {
        List<ChatMessage> messages = new ArrayList<>();
        for (JsonNode message : array(body, "messages")) {
            messages.add(message(message, "messages[" + messages.size() + "]"));
        }
        if (messages.isEmpty()) {
            throw RequestBody.bad("'messages' is missing or empty; send at least one user turn");
        }
        return messages;
    }

    private static ChatMessage message(JsonNode message, String field) {
        String role = message.path("role").asText();
        if (!ROLES.contains(role)) {
            throw RequestBody.bad("'" + field + ".role' must be one of system, user, assistant and tool");
        }
        if (message.path("tool_calls").size() > 0) {
            throw UnsupportedFields.unsupported("tool_calls", "'" + field + ".tool_calls' isn't supported");
        }
        return new ChatMessage(
                role.equals("developer") ? "system" : role, content(message.path("content"), field), Map.of());
    }

    private static String content(JsonNode content, String field) {
        if (content.isTextual()) {
            return content.textValue();
        }
        if (!content.isArray()) {
            throw RequestBody.bad("'" + field + ".content' must be a text");
        }
        StringBuilder text = new StringBuilder();
        for (JsonNode part : content) {
            if (!part.path("type").asText().equals("text")) {
                throw UnsupportedFields.unsupported(
                        "content",
                        "'" + field + ".content' has a part of type '"
                                + part.path("type").asText() + "'; only text is supported");
            }
            text.append(part.path("text").asText());
        }
        return text.toString();
    }
}
