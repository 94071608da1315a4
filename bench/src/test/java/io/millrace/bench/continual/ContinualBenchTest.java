package io.millrace.bench.continual;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class ContinualBenchTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path directory;

    private void task(String name, String answer) throws IOException {
        for (String part : List.of("train", "test")) {
            List<String> lines = new ArrayList<>();
            for (int i = 0; i < 16; i++) {
                lines.add("{\"prompt\":\"" + part + " " + i + "\",\"completion\":\"" + answer + "\"}");
            }
            Files.write(directory.resolve(name + "." + part + ".jsonl"), lines);
        }
    }

    private List<JsonNode> run(int expectedExit, String... more) throws IOException {
        StringWriter out = new StringWriter();
        List<String> arguments = new ArrayList<>(
                List.of("--data-dir", directory.toString(), "--tasks", "a,b", "--per-task", "16", "--test", "3"));
        arguments.addAll(List.of(
                "--base", "nano", "--base-dir", directory.resolve("bases").toString()));
        arguments.addAll(List.of("--dtype", "f32", "--threads", "1", "--set", "rank=4", "--set", "replay=0.5"));
        arguments.addAll(List.of(more));
        int exit = new CommandLine(new ContinualBench())
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(new StringWriter()))
                .execute(arguments.toArray(new String[0]));
        assertThat(exit).isEqualTo(expectedExit);
        List<JsonNode> lines = new ArrayList<>();
        for (String line : out.toString().lines().toList()) {
            lines.add(JSON.readTree(line));
        }
        return lines;
    }

    private static List<JsonNode> part(List<JsonNode> lines, String name) {
        return lines.stream().filter(l -> l.path("part").asText().equals(name)).toList();
    }

    @Test
    void printsALineForEachFigureAndGoesOnAfterFinishedParts() throws IOException {
        task("a", "yes");
        task("b", "no never");
        Path kept = directory.resolve("lines.jsonl");

        List<JsonNode> sequences = run(0, "--no-own", "--out", kept.toString());

        assertThat(part(sequences, "sequence plain"))
                .extracting(l -> l.path("task").asText() + l.path("phase").asInt())
                .containsExactly("a0", "a1", "b1");
        long plainSteps = part(sequences, "sequence plain").get(2).path("steps").asLong();
        long replaySteps =
                part(sequences, "sequence replay").get(2).path("steps").asLong();
        assertThat(plainSteps).isEqualTo(4);
        assertThat(replaySteps).isEqualTo(5);
        assertThat(part(sequences, "offline union"))
                .hasSize(2)
                .allMatch(l -> l.path("steps").asLong() == replaySteps);
        assertThat(sequences).anyMatch(l -> l.has("backward_transfer"));
        assertThat(sequences).noneMatch(l -> l.has("losses"));

        long writtenBefore = Files.size(kept);
        List<JsonNode> whole = run(0, "--out", kept.toString());
        assertThat(part(whole, "sequence replay")).isEqualTo(part(sequences, "sequence replay"));
        assertThat(whole).filteredOn(l -> l.has("ratio")).hasSize(4);
        assertThat(Files.size(kept)).isGreaterThan(writtenBefore);
        assertThat(run(0, "--no-sequences", "--out", kept.toString()))
                .filteredOn(l -> !l.path("part").asText().equals("configuration"))
                .allMatch(l -> l.path("part").asText().startsWith("own ") || l.has("ratio"));
        List<JsonNode> again = run(0, "--no-sequences", "--seeds", "2", "--out", kept.toString());
        assertThat(again)
                .filteredOn(l -> l.has("ratio"))
                .hasSize(4)
                .allMatch(l -> l.path("seeds").asInt() == 2);
        assertThat(part(again, "own replay a seed 2").get(0).path("loss"))
                .isNotEqualTo(part(again, "own replay a").get(0).path("loss"));
        List<JsonNode> unaveraged = run(0, "--no-sequences", "--set", "average=off");
        assertThat(unaveraged)
                .filteredOn(l -> l.path("run").asText().startsWith("own "))
                .hasSizeGreaterThan(4)
                .noneMatch(l -> l.path("loss")
                        .equals(part(whole, l.path("part").asText()).get(0).path("loss")));
        List<JsonNode> replayOnly = run(0, "--runs", "replay");
        assertThat(replayOnly)
                .extracting(l -> l.path("part").asText())
                .contains("sequence replay", "offline union", "own replay b")
                .doesNotContain("sequence plain", "own plain b");
        assertThat(part(replayOnly, "sequence replay")).hasSameSizeAs(part(sequences, "sequence replay"));
        run(1, "--seeds", "0");
        run(1, "--set", "clip=1", "--out", kept.toString());
    }

    @Test
    void forgettingIsWhatWasLostOfTheBest() {
        Phases phases = new Phases(List.of(
                List.of(score(1.0, 0.8)),
                List.of(score(0.9, 0.9), score(2.0, 0.5)),
                List.of(score(1.5, 0.6), score(2.5, 0.6), score(1.0, 0.9))));

        assertThat(phases.averageAccuracy()).isEqualTo(0.7, within(1e-9));
        assertThat(phases.backwardTransfer()).isEqualTo((-0.2 + 0.1) / 2, within(1e-9));
        assertThat(phases.forgetting()).isEqualTo((0.3 + 0) / 2, within(1e-9));
        assertThat(phases.lossForgetting()).isEqualTo((0.6 + 0.5) / 2, within(1e-9));
    }

    @Test
    void twoWaysAreComparedExampleByExample() {
        List<Score> streamed = List.of(losses(1, 2, 4), losses(1, 4, 4));
        List<Score> offline = List.of(losses(1, 2, 2), losses(1, 2, 4));

        Paired paired = new Paired(streamed, offline);

        assertThat(paired.ratio()).isEqualTo(16 / 12.0, within(1e-9));
        // mean differences 0, 1, 1: their standard error is 1/3, the offline loss 2
        assertThat(paired.uncertainty()).isEqualTo(1.96 / 3 / 2, within(1e-9));
        assertThat(new Paired(offline, offline).uncertainty()).isZero();

        // mean differences 0 and 2 of two seeds: their standard error is 1, the offline loss 1
        Paired apart = new Paired(List.of(losses(1), losses(3)), List.of(losses(1), losses(1)));
        assertThat(apart.seedsError()).hasValue(1);
        assertThat(new Paired(offline.subList(0, 1), offline.subList(0, 1)).seedsError())
                .isEmpty();
    }

    private static Score losses(double... losses) {
        return new Score(Arrays.stream(losses).boxed().toList(), 0, 0);
    }

    private static Score score(double loss, double accuracy) {
        return new Score(List.of(loss), accuracy, accuracy);
    }
}
