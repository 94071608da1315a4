package io.millrace.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millrace.core.AdapterName;
import io.millrace.proto.internal.JournalRecord;
import io.millrace.registry.VersionEntry;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainerTest {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final List<String> ADAPTERS = List.of("acme/intents", "acme/commands", "acme/style");

    @TempDir
    static Path directory;

    private static Platform platform;

    @BeforeAll
    static void start() {
        platform = new Platform(directory, 2);
    }

    @AfterAll
    static void stop() {
        platform.close();
    }

    private static void produceExamples(int from, int to) {
        for (int i = from; i < to; i++) {
            for (String adapter : ADAPTERS) {
                platform.produce("{\"adapter\":\"" + adapter + "\",\"id\":\"" + i + "\",\"prompt\":\"say " + i
                        + " for " + adapter + "\",\"completion\":\"" + adapter + " says " + adapter.length()
                        + " of course\"}");
            }
        }
        platform.flush();
    }

    private static void awaitOutcomes() {
        long produced = platform.produced();
        await().atMost(PATIENCE).pollInterval(Duration.ofMillis(200)).untilAsserted(() -> assertThat(
                        (long) platform.outcomes().size())
                .isEqualTo(produced));
    }

    @Test
    void everyRecordHasOneOutcomeAndVersionsAppear() {
        try (Trainer first = platform.trainer("w1")) {
            await().atMost(PATIENCE).until(first::ready);
            produceExamples(0, 100);
            platform.produce("{\"adapter\":\"acme/intents\",\"id\":\"3\",\"prompt\":\"other\",\"completion\":\"x\"}");
            platform.produce("not json");
            platform.produce("{\"adapter\":\"acme/intents\",\"id\":\"long\",\"prompt\":\"p\",\"completion\":\""
                    + "much too long ".repeat(400) + "\"}");
            platform.flush();
            awaitOutcomes();
        }

        // A new worker goes on where the first was stopped, mid-stream.
        produceExamples(100, 200);
        try (Trainer second = platform.trainer("w1")) {
            await().atMost(PATIENCE).until(() -> platform.outcomes().size() > 320);
        }
        try (Trainer third = platform.trainer("w1")) {
            awaitOutcomes();
            for (String adapter : ADAPTERS) {
                assertThat(third.requestCut(AdapterName.parse(adapter))).succeedsWithin(PATIENCE);
            }
            await().atMost(PATIENCE).untilAsserted(() -> assertThat(versions()).hasSizeGreaterThanOrEqualTo(3));
        }

        Map<String, Long> kinds = platform.outcomes().values().stream()
                .collect(Collectors.groupingBy(o -> o.get("outcome").asText(), Collectors.counting()));
        assertThat(kinds.get("REJECTED")).isEqualTo(3);
        assertThat(kinds.get("TRAINED") + kinds.get("HELD_OUT")).isEqualTo(600);
        assertThat(platform.deadLetters()).hasSize(3);
        assertThat(platform.journal()).noneMatch(JournalRecord::hasRoundRebased);
        for (String adapter : ADAPTERS) {
            VersionEntry last = platform.registry.view().resolve(AdapterName.parse(adapter), "latest");
            assertThat(last.evaluation().heldoutExamples()).isPositive();
            assertThat(last.evaluation().heldoutLoss())
                    .isLessThan(last.evaluation().heldoutLossBase() / 2);
        }
    }

    private static List<VersionEntry> versions() {
        return platform.registry.view().adapters().stream()
                .flatMap(a -> a.versions().stream())
                .toList();
    }
}
