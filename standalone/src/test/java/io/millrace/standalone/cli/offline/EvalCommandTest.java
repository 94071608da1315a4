package io.millrace.standalone.cli.offline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.standalone.cli.CommandRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Given a file of examples and nothing that runs, when a model is measured on it. */
class EvalCommandTest {
    @TempDir
    Path folder;

    private Path examples;

    @BeforeEach
    void examplesToMeasureWith() throws IOException {
        examples = folder.resolve("examples.jsonl");
        Files.write(
                examples,
                IntStream.range(0, 24)
                        .mapToObj(i ->
                                "{\"prompt\": \"parcel " + i + "?\", \"completion\": \"late late late late late\"}")
                        .toList());
    }

    @Test
    void whatWasLearntShowsInEveryFigure() throws IOException {
        // Given an adapter that was trained on these examples
        String adapter = folder.resolve("adapter").toString();
        json(run(List.of("train", "--base", "nano", "--epochs", "12", "--validation", "0", "--out", adapter)));

        // When the base is measured without and with it
        JsonNode before = json(eval());
        JsonNode after = json(eval("--adapter", adapter));

        // Then all figures are better with it
        assertThat(after.path("examples").asInt()).isEqualTo(24);
        assertThat(after.path("answers").asInt()).isEqualTo(24);
        assertThat(after.path("loss").asDouble()).isLessThan(before.path("loss").asDouble() / 2);
        for (String figure : List.of("token_accuracy", "f1", "bleu", "chrf", "rouge1", "rouge2", "rougeL")) {
            assertThat(after.path(figure).asDouble())
                    .as(figure)
                    .isGreaterThan(before.path(figure).asDouble());
        }
        assertThat(after.path("exact_match").asDouble()).isGreaterThan(0.9);
        assertThat(after.path("perplexity").asDouble())
                .isEqualTo(Math.exp(after.path("loss").asDouble()), within(1e-9));
        // And an adapter that counts nothing changes nothing
        assertThat(json(eval("--adapter", adapter + "=0")).path("loss").asDouble())
                .isEqualTo(before.path("loss").asDouble(), within(1e-6));
    }

    @Test
    void whatIsOneTextIsNotAskedAbout() throws IOException {
        Files.write(examples, List.of("{\"text\": \"Parcels are late.\"}"));

        JsonNode figures = json(eval());

        assertThat(figures.path("loss").asDouble()).isPositive();
        assertThat(figures.has("bleu")).isFalse();
    }

    @Test
    void whatIsRepeatedCountsOnce() throws IOException {
        Files.write(examples, Collections.nCopies(3, "{\"text\": \"Parcels are late.\"}"));

        CommandRun run = eval();

        assertThat(json(run).path("examples").asInt()).isEqualTo(1);
        assertThat(run.err()).contains("2 repeated lines left out");
    }

    @Test
    void peopleSeeATable() {
        CommandRun run = CommandRun.of(
                "eval",
                "--base",
                "nano",
                "--base-dir",
                folder.resolve("bases").toString(),
                "--max-tokens",
                "4",
                "--device",
                "cpu",
                examples.toString());

        assertThat(run.exit()).as(run.err()).isZero();
        assertThat(run.out()).containsPattern("loss +[0-9.]+\\R").containsPattern("rougeL +[0-9.]+\\R");
    }

    @Test
    void badInputSaysWhatToDo() throws IOException {
        Files.write(examples, List.of("{\"prompt\": \"a\"}"));
        assertThat(eval().err()).contains("1 of 1 lines", "examples.jsonl:1 no_content");
        assertThat(eval("--adapter", folder.resolve("nowhere").toString()).err())
                .contains("nowhere");
    }

    private CommandRun eval(String... more) {
        List<String> arguments = new ArrayList<>(List.of("eval", "--base", "nano", "--max-tokens", "24"));
        arguments.addAll(List.of(more));
        return run(arguments);
    }

    private CommandRun run(List<String> arguments) {
        List<String> all = new ArrayList<>(arguments);
        all.addAll(List.of("--base-dir", folder.resolve("bases").toString(), "--device", "cpu", "--json"));
        all.add(examples.toString());
        return CommandRun.of(all.toArray(new String[0]));
    }

    private static JsonNode json(CommandRun run) throws IOException {
        assertThat(run.exit()).as(run.err()).isZero();
        return new ObjectMapper().readTree(run.out());
    }
}
