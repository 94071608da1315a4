package io.millrace.standalone.demo;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.core.AdapterName;
import io.millrace.core.ErrorCode;
import io.millrace.core.ExampleParser;
import io.millrace.core.MillraceException;
import io.millrace.core.TrainingExample;
import io.millrace.topics.Topics;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * The bundled examples.
 *
 * @param routes prompts of all tasks, and some of none, with the adapter that should answer
 */
public record DemoData(List<Task> tasks, List<Route> routes) {
    /** What a route to no adapter is called. */
    public static final String BASE = "base";

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final List<String> NAMES = List.of("intents", "commands", "house-style");

    /**
     * One adapter's part.
     *
     * @param train records as they are produced
     * @param heldOut examples that are never produced
     */
    public record Task(AdapterName adapter, List<byte[]> train, List<TrainingExample> heldOut) {}

    /** @param adapter {@link #BASE} where no adapter should answer */
    public record Route(String prompt, String adapter) {}

    public static DemoData bundled() {
        ExampleParser parser = new ExampleParser(Topics.MAX_EXAMPLE_BYTES);
        List<Task> tasks = new ArrayList<>();
        for (String name : NAMES) {
            tasks.add(new Task(
                    new AdapterName("demo", name),
                    lines(name + ".train.jsonl"),
                    lines(name + ".heldout.jsonl").stream().map(parser::parse).toList()));
        }
        List<Route> routes = new ArrayList<>();
        for (byte[] line : lines("routing.jsonl")) {
            try {
                JsonNode route = JSON.readTree(line);
                routes.add(new Route(
                        route.path("prompt").asText(), route.path("adapter").asText()));
            } catch (IOException e) {
                throw unreadable("routing.jsonl", e);
            }
        }
        return new DemoData(tasks, routes);
    }

    private static List<byte[]> lines(String file) {
        try (InputStream in = DemoData.class.getResourceAsStream("/demo/" + file)) {
            if (in == null) {
                throw new IOException("not found");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .map(line -> line.getBytes(StandardCharsets.UTF_8))
                    .toList();
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    private static MillraceException unreadable(String file, IOException e) {
        return new MillraceException(
                ErrorCode.INTERNAL, "the bundled " + file + " can't be read: " + e.getMessage() + "; build again", e);
    }
}
