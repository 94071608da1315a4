package io.millrace.engine.selfcheck;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.core.ChatMessage;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.engine.text.ChatTemplate;
import io.millrace.engine.text.JinjaChatTemplate;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Chat templates against what transformers renders: {@code chat/cases.json}. */
public final class ChatSuite implements GoldenSuite {
    private static final ObjectMapper JSON = new ObjectMapper();

    @Override
    public List<GoldenCase> cases(Path goldenDirectory) {
        Path file = goldenDirectory.resolve("chat").resolve("cases.json");
        if (!Files.exists(file)) {
            return List.of();
        }
        JsonNode golden = GoldenFiles.json(file);
        List<GoldenCase> cases = new ArrayList<>();
        Map<String, Integer> numbers = new HashMap<>();
        for (JsonNode entry : golden.path("cases")) {
            String template = entry.path("template").asText();
            int number = numbers.merge(template, 1, Integer::sum) - 1;
            String source = golden.path("templates").path(template).asText();
            cases.add(new Check("chat/" + template + " " + number, () -> run(source, entry)));
        }
        return cases;
    }

    private static GoldenCase.Outcome run(String source, JsonNode entry) {
        ChatTemplate template;
        try {
            template = JinjaChatTemplate.compile(source, Map.of());
        } catch (MillraceException e) {
            return new GoldenCase.Outcome.Skipped("the template is refused: " + e.getMessage());
        }
        try {
            String rendered = template.render(
                    messages(entry),
                    tools(entry),
                    entry.path("add_generation_prompt").asBoolean());
            return compare(rendered, entry);
        } catch (MillraceException e) {
            boolean expected = entry.has("error") && e.code() == ErrorCode.BAD_ROLE_ORDER;
            return new GoldenCase.Outcome.Measured(expected ? 0 : 1, 0, e.getMessage());
        }
    }

    private static GoldenCase.Outcome compare(String rendered, JsonNode entry) {
        if (entry.has("error")) {
            return new GoldenCase.Outcome.Measured(1, 0, "rendered, where transformers raises an error");
        }
        String expected = entry.path("expected").asText();
        int same = 0;
        while (same < Math.min(rendered.length(), expected.length())
                && rendered.charAt(same) == expected.charAt(same)) {
            same++;
        }
        int different = Math.max(rendered.length(), expected.length()) - same;
        return new GoldenCase.Outcome.Measured(different, 0, "characters from the first difference on");
    }

    private static List<ChatMessage> messages(JsonNode entry) {
        List<ChatMessage> messages = new ArrayList<>();
        for (JsonNode message : entry.path("messages")) {
            Map<String, Object> extra = new HashMap<>(asMap(message));
            extra.keySet().removeAll(List.of("role", "content"));
            messages.add(new ChatMessage(
                    message.path("role").asText(), message.path("content").asText(), extra));
        }
        return messages;
    }

    private static List<Map<String, Object>> tools(JsonNode entry) {
        List<Map<String, Object>> tools = new ArrayList<>();
        entry.path("tools").forEach(tool -> tools.add(asMap(tool)));
        return tools;
    }

    @SuppressWarnings("unchecked") // Jackson makes a JSON object a map with text keys
    private static Map<String, Object> asMap(JsonNode node) {
        return JSON.convertValue(node, Map.class);
    }
}
