package io.millrace.standalone.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.millrace.standalone.cli.CommandRun;
import io.millrace.trainer.protocol.CrashPoint;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A round that ends its process at each attempt is given up; then its examples are sent again by the command line. */
@Timeout(600)
class GivenUpIT {
    private static final String ADAPTER = "acme/given-up";
    private static final int EXAMPLES = 10;
    private static final int RETRIES = 3;
    private static final Duration SOON = Duration.ofSeconds(150); // on a machine that does much else

    @TempDir
    Path scratch;

    @Test
    void whatWasGivenUpIsSentAgainAndTrainedOnce() throws Exception {
        // Given a round that ends the process at its first attempt and at each retry
        OneSystem system = OneSystem.in(scratch);
        String file = Files.write(scratch.resolve("examples.jsonl"), examples()).toString();
        try (ChildProcess up = system.ready(ending(system))) {
            CommandRun pushed = system.run("push", file);
            assertThat(pushed.exit()).as(pushed.err()).isZero();
            assertThat(up.exit(SOON)).isEqualTo(CrashPoint.EXIT);
        }
        for (int retry = 0; retry < RETRIES; retry++) {
            try (ChildProcess up = ending(system)) {
                assertThat(up.exit(SOON)).as(up.err()).isEqualTo(CrashPoint.EXIT);
            }
        }

        try (ChildProcess up = system.up()) {
            // Then it is given up, its examples are dead letters, and what was held out of it is no loss
            Map<String, List<String>> first = Outcomes.ofEachExample(system.kafka(), SOON);
            assertThat(first).hasSize(EXAMPLES);
            int lost = count(first, "REJECTED");
            JsonNode letters = system.json("dlq", "list", "--code", "training_failed");
            assertThat(letters).hasSize(lost).isNotEmpty();

            // When they are sent again
            JsonNode replayed = system.json("dlq", "replay", "--all", "--code", "training_failed");
            assertThat(replayed.path("sent")).hasSize(lost);

            // Then each is accepted once more, and has one outcome of its own
            Map<String, List<String>> then = Outcomes.ofEachExample(system.kafka(), SOON);
            assertThat(then).hasSize(EXAMPLES + lost);
            assertThat(count(then, "REJECTED")).isEqualTo(lost);
            assertThat(count(then, "TRAINED") + count(then, "HELD_OUT")).isEqualTo(EXAMPLES);
            assertThat(count(then, "TRAINED")).isGreaterThanOrEqualTo(lost);
            assertThat(system.json("dlq", "list", "--code", "training_failed")).isEqualTo(letters);

            // And a letter lets its example come once: sent again it is a duplicate, as the examples themselves are
            JsonNode twice =
                    system.json("dlq", "replay", letters.path(0).path("name").asText());
            assertThat(twice.path("sent")).hasSize(1);
            assertThat(system.json("push", file, "--wait").path("outcomes"))
                    .isEqualTo(OneSystem.parse("{\"DUPLICATE\": " + EXAMPLES + "}"));
            Map<String, List<String>> last = Outcomes.ofEachExample(system.kafka(), SOON);
            assertThat(last).hasSize(EXAMPLES + lost + 1 + EXAMPLES);
            assertThat(count(last, "DUPLICATE")).isEqualTo(1 + EXAMPLES);

            // And each was trained in one round beside the one that was given up, and a version of them is provable
            system.json("adapters", "cut", ADAPTER);
            await().atMost(SOON)
                    .until(() -> !system.json("adapters", "versions", ADAPTER).isEmpty());
            for (JsonNode letter : letters) {
                String id = OneSystem.parse(letter.path("value").asText())
                        .path("id")
                        .asText();
                assertThat(trainedIn(system, id)).as(id).containsExactlyInAnyOrder("given up", "trained");
            }
            CommandRun verified = system.run("verify", ADAPTER + "@latest", "--from-genesis");
            assertThat(verified.exit()).as(verified.err()).isZero();
        }
    }

    /** Started so that it ends, as by SIGKILL, in the midst of the first round that it trains. */
    private static ChildProcess ending(OneSystem system) {
        return system.shell("env MILLRACE_CRASH_AT=mid-train ./millrace up");
    }

    /** What came of each round that an example was in to be trained. */
    private static List<String> trainedIn(OneSystem system, String id) {
        JsonNode seen = system.json("adapters", "lineage", ADAPTER + "@latest", "--example", id);
        return StreamSupport.stream(seen.path("rounds").spliterator(), false)
                .filter(round -> round.path("how").asText().equals("TRAINED"))
                .map(round -> round.path("abandoned").asBoolean() ? "given up" : "trained")
                .toList();
    }

    /** Of records that have one outcome each. */
    private static int count(Map<String, List<String>> outcomes, String outcome) {
        assertThat(outcomes.values()).allMatch(of -> of.size() == 1);
        return Collections.frequency(outcomes.values(), List.of(outcome));
    }

    private static List<String> examples() {
        return IntStream.range(0, EXAMPLES)
                .mapToObj(i -> "{\"id\": \"e" + i + "\", \"adapter\": \"" + ADAPTER
                        + "\", \"prompt\": \"Where is parcel " + i + "?\", \"completion\": \"We look for it.\"}")
                .toList();
    }
}
