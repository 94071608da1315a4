package io.millrace.standalone.cli.offline;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.standalone.cli.CommandRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Given a file of examples and nothing that runs, when an adapter is trained on it. */
class TrainCommandTest {
    @TempDir
    Path folder;

    private Path examples;
    private Path target;

    @BeforeEach
    void examplesToLearn() throws IOException {
        examples = folder.resolve("examples.jsonl");
        target = folder.resolve("adapter");
        write(IntStream.range(0, 40)
                .mapToObj(i -> "{\"prompt\": \"parcel " + i + "?\", \"completion\": \"late late late\"}")
                .toList());
    }

    @Test
    void theAdapterHasLearnt() throws IOException {
        // When it is trained for some passes, a part held out
        JsonNode trained = json(train("--epochs", "6", "--validation", "0.2", "--rank", "8"));

        // Then what was held out is known better after each pass than it was
        assertThat(trained.path("training_examples").asInt()).isEqualTo(32);
        assertThat(trained.path("validation_examples").asInt()).isEqualTo(8);
        List<JsonNode> epochs = epochs(trained);
        assertThat(epochs.get(epochs.size() - 1).path("validation_loss").asDouble())
                .isLessThan(0.8 * epochs.get(0).path("validation_loss").asDouble());
        // And the directory is an adapter that changes answers
        assertThat(trained.path("rank").asInt()).isEqualTo(8);
        assertThat(target.resolve("adapter_config.json")).content().contains("\"r\": 8", "\"lora_alpha\": 16");
        assertThat(answer("--adapter", target.toString())).isNotEqualTo(answer());
    }

    @Test
    void theSameSeedGivesTheSameBytes() throws IOException {
        json(train("--epochs", "2", "--seed", "3"));
        byte[] first = Files.readAllBytes(target.resolve("adapter_model.safetensors"));

        target = folder.resolve("again");
        json(train("--epochs", "2", "--seed", "3"));
        assertThat(target.resolve("adapter_model.safetensors")).hasBinaryContent(first);

        target = folder.resolve("other");
        json(train("--epochs", "2", "--seed", "4"));
        assertThat(Files.readAllBytes(target.resolve("adapter_model.safetensors")))
                .isNotEqualTo(first);
    }

    @Test
    void trainingEndsWhereNothingImproves() throws IOException {
        // Given held-out examples of which nothing can be learnt, as each completion is another
        write(IntStream.range(0, 24)
                .mapToObj(i -> "{\"prompt\": \"?\", \"completion\": \""
                        + Long.toHexString(0x9e3779b97f4a7c15L * (i + 1)) + "\"}")
                .toList());

        // When many passes are allowed
        JsonNode trained = json(train("--epochs", "40", "--validation", "0.5", "--lr", "0.05", "--patience", "2"));

        // Then only few are made, and the one that was best is kept
        List<JsonNode> epochs = epochs(trained);
        assertThat(epochs).hasSizeLessThan(40);
        double lowest = epochs.stream()
                .mapToDouble(epoch -> epoch.path("validation_loss").asDouble())
                .min()
                .orElseThrow();
        int best = trained.path("epoch").asInt();
        assertThat(epochs.get(best - 1).path("validation_loss").asDouble()).isEqualTo(lowest);
        assertThat(epochs).hasSize(best + 2);
    }

    @Test
    void withoutAHeldOutPartTheLastPassCounts() throws IOException {
        JsonNode trained = json(train("--epochs", "2", "--validation", "0"));

        assertThat(trained.path("validation_examples").asInt()).isZero();
        assertThat(trained.path("epoch").asInt()).isEqualTo(2);
        assertThat(epochs(trained)).noneMatch(epoch -> epoch.has("validation_loss"));
    }

    @Test
    void whatIsRepeatedIsTrainedOnce() throws IOException {
        List<String> lines = new ArrayList<>(Files.readAllLines(examples));
        lines.addAll(lines.subList(0, 5));
        write(lines);

        CommandRun run = train("--epochs", "1", "--validation", "0");

        assertThat(json(run).path("training_examples").asInt()).isEqualTo(40);
        assertThat(run.err()).contains("5 repeated lines left out");
    }

    @Test
    void linesThatCantBeTrainedAreNamed() throws IOException {
        write(List.of("{\"prompt\": \"a\", \"completion\": \"b\"}", "{\"prompt\": \"a\"}", "no JSON"));

        CommandRun run = train();

        assertThat(run.exit()).isEqualTo(1);
        assertThat(run.err())
                .contains("2 of 3 lines", "examples.jsonl:2 no_content", "examples.jsonl:3 malformed_json");
        assertThat(target).doesNotExist();
    }

    @Test
    void badInputSaysWhatToDo() throws IOException {
        assertRefused(1, "a base never changes", "--method", "full");
        assertRefused(1, "use --method qlora", "--method", "lora");
        assertRefused(1, "share from 0", "--validation", "1.5");
        assertRefused(1, "rank", "--rank", "0");
        assertRefused(1, "at least 1", "--epochs", "0");
        Files.createDirectory(target);
        Files.writeString(target.resolve("mine.txt"), "mine");
        assertRefused(1, "another --out");
        write(List.of());
        target = folder.resolve("free");
        assertRefused(1, "has no examples");
    }

    private void assertRefused(int exit, String message, String... more) {
        CommandRun run = train(more);
        assertThat(run.exit()).as(run.out()).isEqualTo(exit);
        assertThat(run.err()).contains(message);
    }

    private static List<JsonNode> epochs(JsonNode trained) {
        List<JsonNode> epochs = new ArrayList<>();
        trained.path("epochs").forEach(epochs::add);
        return epochs;
    }

    private void write(List<String> lines) throws IOException {
        Files.write(examples, lines);
    }

    private CommandRun train(String... more) {
        List<String> arguments = new ArrayList<>(List.of("train", "--base", "nano", "--out", target.toString()));
        arguments.addAll(List.of(more));
        return run(arguments, examples.toString());
    }

    private String answer(String... more) throws IOException {
        List<String> arguments = new ArrayList<>(List.of("generate", "--base", "nano", "--max-tokens", "16"));
        arguments.addAll(List.of(more));
        return json(run(arguments, "parcel 3?")).path("text").asText();
    }

    private CommandRun run(List<String> arguments, String last) {
        List<String> all = new ArrayList<>(arguments);
        all.addAll(List.of("--base-dir", folder.resolve("bases").toString(), "--device", "cpu", "--json", last));
        return CommandRun.of(all.toArray(new String[0]));
    }

    private static JsonNode json(CommandRun run) throws IOException {
        assertThat(run.exit()).as(run.err()).isZero();
        return new ObjectMapper().readTree(run.out());
    }
}
