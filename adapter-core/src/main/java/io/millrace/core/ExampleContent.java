package io.millrace.core;

import io.millrace.core.TrainingExample.Content;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The four forms of an example's content. Where a record has several, the first complete one in the order of
 * {@link #of} counts and the others are fields like any other.
 */
final class ExampleContent {
    private static final Set<String> ROLES = Set.of("system", "user", "assistant", "tool");

    private static final List<String> PAIRS = List.of("prompt", "completion", "instruction", "output");
    private static final List<String> STRINGS = List.of("prompt", "completion", "instruction", "output", "text");

    private ExampleContent() {}

    static Content of(Map<String, Object> fields) {
        return messages(fields)
                .or(() -> pair(fields, "prompt", "completion"))
                .or(() -> instruction(fields))
                .or(() -> text(fields))
                .orElseThrow(() -> none(fields));
    }

    /** What the digest of the content is taken of. */
    static Map<String, Object> canonical(Content content, List<Map<String, Object>> tools) {
        Map<String, Object> canonical = new LinkedHashMap<>();
        if (content instanceof Content.Messages m) {
            canonical.put(
                    "messages",
                    m.messages().stream().map(ExampleContent::fields).toList());
        } else if (content instanceof Content.PromptCompletion p) {
            canonical.put("prompt", p.prompt());
            canonical.put("completion", p.completion());
        } else if (content instanceof Content.Text t) {
            canonical.put("text", t.text());
        }
        if (!tools.isEmpty()) {
            canonical.put("tools", tools);
        }
        return canonical;
    }

    private static Map<String, Object> fields(ChatMessage message) {
        Map<String, Object> fields = new LinkedHashMap<>(message.extra());
        fields.put("role", message.role());
        fields.put("content", message.content());
        return fields;
    }

    static List<Map<String, Object>> tools(Map<String, Object> fields) {
        Object tools = fields.get("tools");
        if (tools == null) {
            return List.of();
        }
        return objects(tools, "tools");
    }

    private static Optional<Content> pair(Map<String, Object> fields, String prompt, String completion) {
        if (fields.get(prompt) instanceof String question && fields.get(completion) instanceof String answer) {
            requireText(answer, completion);
            return Optional.of(new Content.PromptCompletion(question, answer));
        }
        return Optional.empty();
    }

    private static Optional<Content> instruction(Map<String, Object> fields) {
        return pair(fields, "instruction", "output").map(c -> {
            Content.PromptCompletion p = (Content.PromptCompletion) c;
            Object input = fields.get("input");
            if (input == null || input.equals("")) {
                return p;
            }
            if (!(input instanceof String text)) {
                throw ExampleParser.malformed("input must be a string");
            }
            return new Content.PromptCompletion(p.prompt() + "\n\n" + text, p.completion());
        });
    }

    private static Optional<Content> text(Map<String, Object> fields) {
        if (fields.get("text") instanceof String text) {
            requireText(text, "text");
            return Optional.of(new Content.Text(text));
        }
        return Optional.empty();
    }

    /** No form is complete: says what comes closest. */
    private static MillraceException none(Map<String, Object> fields) {
        for (String name : STRINGS) {
            if (fields.get(name) != null && !(fields.get(name) instanceof String)) {
                return ExampleParser.malformed(name + " must be a string");
            }
        }
        for (int i = 0; i < PAIRS.size(); i++) {
            String present = PAIRS.get(i);
            String missing = PAIRS.get(i ^ 1);
            if (fields.get(present) != null) {
                return noContent("the record has " + present + " but no " + missing);
            }
        }
        return noContent("the record has nothing to learn from; give messages, prompt and completion, instruction and"
                + " output, or text");
    }

    private static Optional<Content> messages(Map<String, Object> fields) {
        if (fields.get("messages") == null) {
            return Optional.empty();
        }
        List<Map<String, Object>> objects = objects(fields.get("messages"), "messages");
        if (objects.isEmpty()) {
            throw noContent("messages is empty");
        }
        List<ChatMessage> messages = new ArrayList<>();
        String before = "";
        for (Map<String, Object> object : objects) {
            ChatMessage message = message(object, messages.size() + 1);
            checkOrder(before, message.role(), messages.size() + 1);
            before = message.role();
            messages.add(message);
        }
        if (!before.equals("assistant")) {
            throw badOrder("the last message must be the assistant's, which is learned, not the " + before + "'s");
        }
        return Optional.of(new Content.Messages(List.copyOf(messages)));
    }

    private static ChatMessage message(Map<String, Object> fields, int number) {
        if (!(fields.get("role") instanceof String role) || !ROLES.contains(role)) {
            throw badOrder("message " + number + " must have one of the roles system, user, assistant and tool");
        }
        boolean callsTools =
                role.equals("assistant") && fields.get("tool_calls") instanceof List<?> calls && !calls.isEmpty();
        String content = messageText(fields.get("content"), number);
        if (content.isEmpty() && !callsTools && !role.equals("tool")) {
            throw noContent("message " + number + ", the " + role + "'s, has no content");
        }
        Map<String, Object> extra = fields.entrySet().stream()
                .filter(e -> e.getValue() != null
                        && !e.getKey().equals("role")
                        && !e.getKey().equals("content"))
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
        return new ChatMessage(role, content, extra);
    }

    /** A string, or OpenAI's list of parts where all are text. */
    private static String messageText(Object content, int number) {
        if (content == null) {
            return "";
        }
        if (content instanceof String text) {
            return text;
        }
        StringBuilder joined = new StringBuilder();
        for (Map<String, Object> part : objects(content, "the content of message " + number)) {
            if (!"text".equals(part.get("type")) || !(part.get("text") instanceof String text)) {
                throw ExampleParser.malformed(
                        "message " + number + " has a part that is no text; only text is learned");
            }
            joined.append(text);
        }
        return joined.toString();
    }

    /** System first, then user and assistant in turn; tools answer the assistant. */
    private static void checkOrder(String before, String role, int number) {
        boolean right =
                switch (role) {
                    case "system" -> before.isEmpty();
                    case "user" -> before.isEmpty() || before.equals("system") || before.equals("assistant");
                    case "assistant" -> before.equals("user") || before.equals("tool");
                    default -> before.equals("assistant") || before.equals("tool");
                };
        if (!right) {
            throw badOrder("message " + number + " is the " + role + "'s and "
                    + (before.isEmpty() ? "comes first" : "follows one of the " + before)
                    + "; after an optional system message, user and assistant take turns, and tool messages answer the"
                    + " assistant");
        }
    }

    @SuppressWarnings("unchecked") // JSON objects are read as maps with string keys
    private static List<Map<String, Object>> objects(Object value, String name) {
        if (!(value instanceof List<?> list) || !list.stream().allMatch(Map.class::isInstance)) {
            throw ExampleParser.malformed(name + " must be a list of objects");
        }
        return List.copyOf((List<Map<String, Object>>) list);
    }

    private static void requireText(String text, String name) {
        if (text.isEmpty()) {
            throw noContent(name + " is empty: there is nothing to learn");
        }
    }

    private static MillraceException noContent(String message) {
        return new MillraceException(ErrorCode.NO_CONTENT, message);
    }

    private static MillraceException badOrder(String message) {
        return new MillraceException(ErrorCode.BAD_ROLE_ORDER, message);
    }
}
