package io.millrace.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Prompts with the topic that each belongs to, from lines {@code {"topic", "prompt", …}}. */
final class LabelledPrompts {
    /** The topic of prompts that belong to no adapter. */
    static final String OUT_OF_SCOPE = "out_of_scope";

    private LabelledPrompts() {}

    record Prompt(String topic, String text) {
        boolean isInScope() {
            return !topic.equals(OUT_OF_SCOPE);
        }
    }

    /** @throws MillraceException where the file or one of its lines can't be read */
    static List<Prompt> read(Path file) {
        ObjectMapper json = new ObjectMapper();
        List<Prompt> prompts = new ArrayList<>();
        try {
            for (String line : Files.readAllLines(file)) {
                if (line.isBlank()) {
                    continue;
                }
                JsonNode node = json.readTree(line);
                if (!node.path("topic").isTextual() || !node.path("prompt").isTextual()) {
                    throw new MillraceException(
                            ErrorCode.BAD_REQUEST,
                            file + " line " + (prompts.size() + 1) + " lacks 'topic' or 'prompt'");
                }
                prompts.add(new Prompt(
                        node.path("topic").textValue(), node.path("prompt").textValue()));
            }
        } catch (IOException e) {
            throw new MillraceException(
                    ErrorCode.BAD_REQUEST,
                    file + " can't be read (" + e + "); --data takes a prefix of .train.jsonl",
                    e);
        }
        return prompts;
    }
}
