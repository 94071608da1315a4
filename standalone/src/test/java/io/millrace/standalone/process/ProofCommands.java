package io.millrace.standalone.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.millrace.standalone.cli.CommandRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/** Commands about what was trained and what was refused, against a system with one version of {@code acme/support}. */
final class ProofCommands {
    private static final String ADAPTER = "acme/support";
    private static final Duration SOON = Duration.ofSeconds(60);

    private final OneSystem system;
    private final Path folder;
    private int sent;

    ProofCommands(OneSystem system, Path folder) {
        this.system = system;
        this.folder = folder;
    }

    /** Records that came into the examples topic by all this. */
    int sent() {
        return sent;
    }

    /** Of a version that was trained on {@code first-0} to {@code first-29}. */
    void lineageTellsOfEachRound() {
        JsonNode lineage = system.json("adapters", "lineage", ADAPTER + "@v1");

        assertThat(lineage.path("label").asText()).isEqualTo("v1");
        assertThat(lineage.path("ancestors")).hasSize(1);
        List<JsonNode> examples = lineage.path("rounds").findValues("examples").stream()
                .flatMap(ProofCommands::each)
                .filter(example -> !example.path("how").asText().equals("REJECTED"))
                .toList();
        assertThat(examples)
                .extracting(example -> example.path("id").asText())
                .containsExactlyInAnyOrderElementsOf(
                        IntStream.range(0, 30).mapToObj(i -> "first-" + i).toList());
        assertThat(examples)
                .allSatisfy(example ->
                        assertThat(example.path("content_sha256").asText()).matches("[0-9a-f]{64}"));
        assertThat(lineage.path("rounds").path(0).path("settings").path("rank").asText())
                .isEqualTo("16");

        String trained = examples.stream()
                .filter(example -> example.path("how").asText().equals("TRAINED"))
                .findFirst()
                .orElseThrow()
                .path("id")
                .asText();
        assertThat(text("adapters", "lineage", ADAPTER + "@v1"))
                .contains("round 1", "trained  " + trained + " ", "rank=16", "  on ");
        JsonNode seen = system.json("adapters", "lineage", ADAPTER + "@v1", "--example", trained);
        assertThat(seen.path("trained_on")).hasSize(1);
        assertThat(seen.path("rounds").path(0).path("how").asText()).isEqualTo("TRAINED");
        assertThat(text("adapters", "lineage", ADAPTER + "@v1", "--example", "nobody's"))
                .contains("not trained on nobody's");
    }

    void aDryRunForetellsWhatAPushComesTo() throws IOException {
        Path file = Files.write(
                folder.resolve("mixed.jsonl"),
                List.of(
                        "{\"id\": \"m-0\", \"adapter\": \"acme/mixed\", \"prompt\": \"a\", \"completion\": \"b\"}",
                        "",
                        "{\"id\": \"m-0\", \"adapter\": \"acme/mixed\", \"prompt\": \"a\", \"completion\": \"b\"}",
                        "{\"id\": \"m-0\", \"adapter\": \"acme/mixed\", \"prompt\": \"a\", \"completion\": \"other\"}",
                        "{\"id\": \"m-1\", \"adapter\": \"acme/mixed\", \"prompt\": \"a\", \"completion\": \"b\"}",
                        "{\"adapter\": \"acme/mixed\", \"prompt\": ",
                        "{\"adapter\": \"acme/mixed\", \"prompt\": \"p\"}",
                        "{\"id\": \"m-2\", \"adapter\": \"acme/mixed\", \"prompt\": \"p\", \"completion\": \""
                                + "far too long ".repeat(600) + "\"}",
                        "{\"id\": \"m-3\", \"adapter\": \"acme/mixed\", \"prompt\": \"" + "a long way ".repeat(600)
                                + "\", \"completion\": \"c\"}",
                        "{\"id\": \"m-4\", \"prompt\": \"p\", \"completion\": \"" + "x".repeat(1 << 20) + "\"}"));

        // When it is only asked about
        CommandRun dry = system.run("push", "--dry-run", file.toString(), "--adapter", "acme/mixed", "--json");

        // Then each line has its outcome, and the exit code says that some would be refused
        assertThat(dry.exit()).as(dry.err()).isEqualTo(1);
        assertThat(dry.err()).contains("5 of 9 lines would be refused");
        JsonNode foreseen = OneSystem.parse(dry.out());
        assertThat(foreseen.path("lines"))
                .extracting(line -> line.path("line").asInt() + " "
                        + line.path("code").asText(line.path("outcome").asText()))
                .containsExactly(
                        "1 TRAINED",
                        "3 DUPLICATE",
                        "4 id_reused",
                        "5 TRAINED",
                        "6 malformed_json",
                        "7 no_content",
                        "8 too_long",
                        "9 TRAINED",
                        "10 record_too_large");
        assertThat(foreseen.path("duplicates")).isEqualTo(OneSystem.parse("{\"same_id\": 1, \"same_content\": 1}"));
        assertThat(foreseen.path("adapters").path("acme/mixed").asInt()).isEqualTo(7);
        assertThat(foreseen.path("tokens").path("truncated").asInt()).isEqualTo(1);
        assertThat(foreseen.path("tokens").path("too_long").asInt()).isEqualTo(1);
        assertThat(foreseen.path("tokens").path("max").asInt()).isGreaterThan(600);
        assertThat(foreseen.path("tokens").path("min").asInt()).isPositive();
        CommandRun forPeople = system.run("push", "--dry-run", file.toString(), "--adapter", "acme/mixed");
        assertThat(forPeople.out()).contains("mixed.jsonl:8 too_long: ", "mixed.jsonl:3 duplicate of ", "nothing sent");
        // And nothing was sent
        assertThat(system.json("adapters", "list").findValuesAsText("name")).doesNotContain("acme/mixed");

        // When it is pushed, the same comes true
        JsonNode pushed = system.json("push", file.toString(), "--adapter", "acme/mixed", "--wait");
        sent += 8; // the one that is too large never leaves
        assertThat(pushed.path("outcomes")).isEqualTo(foreseen.path("outcomes"));
        assertThat(pushed.path("rejected")).isEqualTo(foreseen.path("rejected"));

        // And what has nothing wrong with it is fine
        Path good = Files.write(
                folder.resolve("good.jsonl"), List.of("{\"adapter\": \"acme/mixed\", \"text\": \"all is well\"}"));
        assertThat(system.run("push", "--dry-run", good.toString()).exit()).isZero();
    }

    void deadLettersAreListedShownAndSentAgain() {
        JsonNode letters = system.json("dlq", "list", "--code", "no_content");
        String name = letters.path(0).path("name").asText();
        JsonNode letter = system.json("dlq", "show", name);
        assertThat(letter.path("value").asText()).contains("nothing follows");
        assertThat(letter.path("message").asText()).isNotBlank();
        assertThat(text("dlq", "show", name)).contains("millrace.error.code: no_content", "nothing follows");
        assertThat(text("dlq", "list")).contains("malformed_json", "no_content", name);

        // When one is sent again, it is refused again, and says where it came from
        JsonNode replayed = system.json("dlq", "replay", name);
        sent++;
        assertThat(replayed.path("sent")).hasSize(1);
        await().atMost(SOON)
                .until(() -> system.json("dlq", "list", "--code", "no_content").size() == letters.size() + 1);
        JsonNode again = system.json("dlq", "list", "--code", "no_content").path(letters.size());
        assertThat(again.path("headers").path("millrace.replayed.from").asText())
                .isEqualTo(name);
        assertThat(again.path("value")).isEqualTo(letter.path("value"));

        assertThat(system.run("dlq", "show", "0:99999").err()).contains("dlq list");
        assertThat(system.run("dlq", "replay").exit()).isEqualTo(2);
    }

    void bisectFindsTheFirstBadVersion() throws IOException {
        version("v2", 5, "We look for it.");
        version("v3", 5, "We look for it.");
        // Something goes wrong: another answer, learnt much too fast
        system.json("adapters", "set", ADAPTER, "lr=0.05");
        version("v4", 96, "Zebra 9999 !!");
        String third = id("v3");
        String fourth = id("v4");
        String isBad = "case $MILLRACE_MODEL in " + ADAPTER + "@" + third + "|" + ADAPTER + "@" + fourth
                + ") exit 1;; esac; test -n \"$MILLRACE_SERVER\"";

        JsonNode found = OneSystem.parse(bisect(isBad, "--json").out());

        assertThat(found.path("first_bad")).extracting(JsonNode::asText).containsExactly(third);
        // And where a version can't be tested, it says between which ones it lies
        CommandRun unsure = bisect("exit 125");
        assertThat(unsure.out()).contains("one of these", "v2", "v3", "v4");
        // And a test that can't be run is no verdict
        assertThat(bisect("exit 200").err()).contains("ended with 200");
        assertThat(system.run("adapters", "bisect", ADAPTER, "--good", "v3", "--bad", "v1", "--", "true")
                        .err())
                .contains("is no ancestor of");
        bisectMeasuresAFileOfExamples(fourth);
    }

    private void bisectMeasuresAFileOfExamples(String firstBad) throws IOException {
        List<String> lines = IntStream.range(0, 6)
                .mapToObj(i -> "{\"text\": \"Quick brown foxes jump over " + i + " lazy dogs.\"}")
                .toList();
        String file = Files.write(folder.resolve("eval.jsonl"), lines).toString();

        CommandRun run = bisectBy(file, "--json");

        assertThat(run.exit()).as(run.err()).isZero();
        JsonNode found = OneSystem.parse(run.out());
        // Both ends are measured, and what lies between
        assertThat(found.path("first_bad")).extracting(JsonNode::asText).containsExactly(firstBad);
        JsonNode losses = found.path("losses");
        assertThat(losses).hasSize(4);
        assertThat(losses.path(id("v1")).asDouble())
                .isPositive()
                .isLessThan(found.path("bound").asDouble());
        assertThat(losses.path(firstBad).asDouble())
                .isGreaterThan(found.path("bound").asDouble());
        assertThat(bisectBy(file).out()).contains("mean loss", "first bad version of " + ADAPTER + ": v4");
        // And what isn't bad by the file is no end to look from
        assertThat(bisectBy(file, "--tolerance", "100").err()).contains("isn't bad by this file");
        // And the file's bad lines are named
        String bad = Files.write(folder.resolve("bad.jsonl"), List.of("{\"prompt\": \"a\"}"))
                .toString();
        assertThat(bisectBy(bad).err()).contains("record 1", "no_content");
        assertThat(bisectBy(file, "--", "true").exit()).isEqualTo(2);
    }

    private CommandRun bisectBy(String file, String... more) {
        List<String> args =
                new ArrayList<>(List.of("adapters", "bisect", ADAPTER, "--good", "v1", "--bad", "v4", "--eval", file));
        args.addAll(List.of(more));
        return system.run(args.toArray(String[]::new));
    }

    void forgettingSaysWhatItErasedAndWhatItCannot() {
        String id = "v3-1";
        assertThat(example(id).path("content_sha256").asText()).isNotEmpty();

        JsonNode forgotten = system.json("forget", id).path(0);

        assertThat(forgotten.path("adapter").asText()).isEqualTo(ADAPTER);
        assertThat(forgotten.path("archives").asInt()).isPositive();
        assertThat(forgotten.path("topics").findValuesAsText("topic")).contains("millrace.examples");
        assertThat(example(id).has("content_sha256")).isFalse();
        List<String> unprovable = forgotten.path("unprovable").findValuesAsText("label");
        assertThat(unprovable).contains("v3", "v4").doesNotContain("v1", "v2");
        CommandRun verified = system.run("verify", ADAPTER + "@v3");
        assertThat(verified.exit()).isEqualTo(1);
        assertThat(verified.err()).contains("forgotten examples: not provable");
        assertThat(text("verify", ADAPTER + "@v2")).contains("bit-exact");

        // And again it finds nothing more, and says what stays all the same
        assertThat(text("forget", id, "--keep-topics")).contains("erased from 0 archives", "not erased: weights");
        assertThat(system.run("forget", "nobody's").err()).contains("no adapter has a round with nobody's");
    }

    private JsonNode example(String id) {
        return system.json("adapters", "lineage", ADAPTER + "@v3").path("rounds").findValues("examples").stream()
                .flatMap(ProofCommands::each)
                .filter(example -> example.path("id").asText().equals(id))
                .findFirst()
                .orElseThrow();
    }

    /** Between the first and the last version. */
    private CommandRun bisect(String script, String... options) {
        List<String> args = new ArrayList<>(List.of("adapters", "bisect", ADAPTER, "--good", "v1", "--bad", "v4"));
        args.addAll(List.of(options));
        args.addAll(List.of("--", "sh", "-c", script));
        return system.run(args.toArray(String[]::new));
    }

    private String id(String label) {
        return system.json("adapters", "lineage", ADAPTER + "@" + label)
                .path("version")
                .asText();
    }

    /** Some more examples, and a version of them. */
    private void version(String label, int examples, String completion) throws IOException {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < examples; i++) {
            lines.add("{\"id\": \"" + label + "-" + i + "\", \"adapter\": \"" + ADAPTER
                    + "\", \"prompt\": \"And parcel " + label + i + "?\", \"completion\": \"" + completion + "\"}");
        }
        Path file = Files.write(folder.resolve(label + ".jsonl"), lines);
        system.json("push", file.toString(), "--wait");
        sent += lines.size();
        system.json("adapters", "cut", ADAPTER);
        await().atMost(SOON).until(() -> system.json("adapters", "versions", ADAPTER)
                .findValuesAsText("label")
                .contains(label));
    }

    private String text(String... args) {
        CommandRun run = system.run(args);
        assertThat(run.exit()).as(run.err()).isZero();
        return run.out();
    }

    private static Stream<JsonNode> each(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false);
    }
}
