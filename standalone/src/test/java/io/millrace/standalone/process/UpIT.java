package io.millrace.standalone.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.millrace.standalone.architecture.Repository;
import io.millrace.standalone.cli.CommandRun;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code up} as a process of its own, on the smallest base. */
@Timeout(600)
class UpIT {
    private static final int TERMINATED = 128 + 15;
    private static final Duration SOON = Duration.ofSeconds(60);

    @TempDir
    Path scratch;

    @Test
    void servesWhatItIsTaughtAndLosesNothing() throws Exception {
        OneSystem system = OneSystem.in(scratch);
        JsonNode champion;
        int more;
        try (ChildProcess up = system.up()) {
            // Given examples, two of which can't be used
            List<String> lines = examples("first", 30);
            lines.add(7, "{\"adapter\": \"acme/support\"");
            lines.add("{\"adapter\": \"acme/support\", \"prompt\": \"nothing follows\"}");
            JsonNode pushed = system.json("push", file("first.jsonl", lines), "--wait");

            // Then each has its outcome, and the bad ones say why
            assertThat(pushed.path("sent").asInt()).isEqualTo(32);
            assertThat(pushed.path("rejected"))
                    .isEqualTo(OneSystem.parse("{\"malformed_json\": 1, \"no_content\": 1}"));
            JsonNode outcomes = pushed.path("outcomes");
            assertThat(outcomes.path("TRAINED").asInt()
                            + outcomes.path("HELD_OUT").asInt())
                    .isEqualTo(30);

            // When a version is cut, it is listed, shown and answered with
            system.json("adapters", "cut", "acme/support");
            await().atMost(SOON).until(() -> !versions(system).isEmpty());
            champion = versions(system).get(0);
            assertThat(champion.path("label").asText()).isEqualTo("v1");
            assertThat(system.json("adapters", "list").findValuesAsText("name")).containsExactly("acme/support");
            assertThat(system.json("adapters", "set", "acme/support", "version.every-rounds=5")
                            .toString())
                    .contains("version.every-rounds");
            assertThat(system.json("adapters", "show", "acme/support")
                            .path("champion")
                            .path("version"))
                    .isEqualTo(champion.path("version"));
            assertThat(system.json("adapters", "promote", "acme/support", "v1").path("version"))
                    .isEqualTo(champion.path("version"));
            assertThat(answeredBy(system)).isEqualTo(champion.path("version"));

            // And what was pushed can be followed, foreseen, sent again and searched
            ProofCommands proof = new ProofCommands(system, scratch);
            proof.lineageTellsOfEachRound();
            proof.aDryRunForetellsWhatAPushComesTo();
            proof.deadLettersAreListedShownAndSentAgain();
            proof.bisectFindsTheFirstBadVersion();
            proof.forgettingSaysWhatItErasedAndWhatItCannot();
            more = proof.sent();

            // When it is killed with examples on their way
            assertThat(system.run("push", file("second.jsonl", examples("second", 60)))
                            .exit())
                    .isZero();
            up.kill();
        }

        try (ChildProcess up = system.up()) {
            // Then each example ends in exactly one outcome, and what was accepted before is known again
            Map<String, List<String>> outcomes = Outcomes.ofEachExample(system.kafka(), SOON);
            assertThat(outcomes).hasSize(92 + more);
            assertThat(outcomes.values()).allMatch(of -> of.size() == 1);
            JsonNode again = system.json("push", file("third.jsonl", examples("first", 30)), "--wait");
            assertThat(again.path("outcomes")).isEqualTo(OneSystem.parse("{\"DUPLICATE\": 30}"));

            // And the version is there, and answers
            assertThat(versions(system)).extracting(v -> v.path("version")).contains(champion.path("version"));
            assertThat(answeredBy(system).asText()).matches("[0-9a-f]{40}");

            // And what is published from now on is answered with soon
            CommandRun bench = system.run("bench", "publish", "--server", system.url(), "--versions", "1");
            assertThat(bench.exit()).as(bench.err()).isZero();
            assertThat(OneSystem.parse(bench.out()).path("record_to_answer_ms")).hasSize(1);

            assertThat(up.terminate(SOON)).isEqualTo(TERMINATED);
            assertThat(up.err()).doesNotContain("Exception");
        }

        // When it is started with another base on the same folder, it says why not
        CommandRun imported = system.run(
                "base",
                "import",
                Repository.root()
                        .resolve("lora-engine/src/test/resources/golden/models/tiny-llama")
                        .toString(),
                "--name",
                "other");
        assertThat(imported.exit()).as(imported.err()).isZero();
        try (ChildProcess other = system.shell("./millrace up --base other")) {
            assertFails(other, "made with base nano", "--base nano", "--data-dir");
        }
    }

    @Test
    void aPortThatIsTakenIsOneClearLine() throws Exception {
        OneSystem system = OneSystem.in(scratch);
        try (ServerSocket taken = new ServerSocket(system.kafkaPort(), 1, InetAddress.getLoopbackAddress());
                ChildProcess up = system.shell("./millrace up")) {
            assertFails(up, String.valueOf(taken.getLocalPort()), "--kafka-port");
        }
    }

    private static void assertFails(ChildProcess up, String... says) throws Exception {
        assertThat(up.exit(SOON)).isEqualTo(1);
        assertThat(up.err().strip().lines()).hasSize(1);
        assertThat(up.err()).contains(says);
        assertThat(up.out()).doesNotContain("READY");
    }

    private static List<JsonNode> versions(OneSystem system) {
        List<JsonNode> versions = new ArrayList<>();
        system.json("adapters", "versions", "acme/support").forEach(versions::add);
        return versions;
    }

    private static JsonNode answeredBy(OneSystem system) {
        JsonNode reply = system.json("ask", "--model", "acme/support", "--max-tokens", "4", "My parcel is late");
        return reply.findPath("adapters").path(0).path("version");
    }

    private String file(String name, List<String> lines) throws Exception {
        return Files.write(scratch.resolve(name), lines).toString();
    }

    private static List<String> examples(String ids, int count) {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            lines.add(
                    "{\"id\": \"" + ids + "-" + i + "\", \"adapter\": \"acme/support\", \"prompt\": \"Where is parcel "
                            + i + "?\", \"completion\": \"We look for it.\"}");
        }
        return lines;
    }
}
