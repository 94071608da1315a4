package io.millrace.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.millrace.proto.internal.JournalRecord;
import io.millrace.trainer.FaultyStore.Fault;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is around a trainer fails: nothing is lost, nothing happens twice, and readiness tells. */
class FaultsTest {
    private static final Duration PATIENCE = Duration.ofMinutes(4);

    @TempDir
    static Path directory;

    private static Platform platform;
    private static int produced;

    @BeforeAll
    static void start() {
        platform = new Platform(directory, 2);
    }

    @AfterAll
    static void stop() {
        platform.close();
    }

    @AfterEach
    void eachExampleWasTrainedOnce() {
        platform.assertEachTrainedOnce();
    }

    private static void produce(String adapter, int count) {
        for (int i = 0; i < count; i++) {
            produce(adapter, 1.0, "said " + i % 5);
        }
        platform.flush();
    }

    private static void produce(String adapter, double weight, String completion) {
        int id = produced++;
        platform.produce("{\"adapter\":\"" + adapter + "\",\"id\":\"" + id + "\",\"weight\":" + weight
                + ",\"prompt\":\"say " + id + "\",\"completion\":\"" + completion + "\"}");
    }

    private static void awaitOutcomes() {
        long records = platform.produced();
        await().atMost(PATIENCE)
                .pollInterval(Duration.ofMillis(200))
                .until(() -> platform.outcomes().size() == records);
    }

    private static List<JsonNode> outcomesOf(String adapter) {
        return platform.outcomes().values().stream()
                .filter(o -> o.path("adapter").asText().equals(adapter))
                .toList();
    }

    private static List<JournalRecord> journalOf(String adapter) {
        return platform.journal().stream()
                .filter(r -> r.getAdapter().equals(adapter))
                .toList();
    }

    @Test
    void aStoreThatAnswers503OrLateOrWithOtherBytesOnlyMakesTheTrainerWait() {
        FaultyStore store = new FaultyStore(platform.store);
        produce("store/a", 100);
        try (Trainer earlier = platform.trainer("w1")) {
            awaitOutcomes();
        }
        try (Trainer trainer = platform.trainer("w1", store)) {
            await().atMost(PATIENCE).until(trainer::ready);

            // When the store can't be reached, and then returns other bytes than those that were stored
            store.fault(Fault.UNAVAILABLE);
            produce("store/a", 100);
            await().atMost(PATIENCE).until(() -> store.failures() > 2 && !trainer.ready());
            assertThat(trainer.waitingFor().get("worker")).contains("503");
            store.fault(Fault.WRONG_BYTES);
            await().atMost(PATIENCE).until(() -> store.failures() > 2);
            store.fault(Fault.SLOW);
            await().atMost(PATIENCE).until(() -> store.failures() > 2);
            store.fault(Fault.NONE);

            // Then everything is trained once it is back
            awaitOutcomes();
            await().atMost(PATIENCE).until(trainer::ready);
        }
        assertThat(outcomesOf("store/a"))
                .hasSize(200)
                .noneMatch(o -> o.path("outcome").asText().equals("REJECTED"));
        assertThat(journalOf("store/a"))
                .noneMatch(JournalRecord::hasRoundAbandoned)
                .noneMatch(r -> r.hasRoundRetried() && !r.getRoundRetried().getHandedOver())
                .noneMatch(JournalRecord::hasRoundRebased);
    }

    @Test
    void twoWorkersThatComeAndGoAgainAndAgain() {
        try (Trainer staying = platform.trainer("w1")) {
            for (int turn = 0; turn < 4; turn++) {
                produce("move/a", 60);
                produce("move/b", 60);
                produce("move/c", 60);
                try (Trainer coming = platform.trainer("w2")) {
                    await().atMost(PATIENCE)
                            .until(() -> coming.partitions().size() == 1
                                    && staying.partitions().size() == 1);
                }
            }
            awaitOutcomes();
        }
        assertThat(outcomesOf("move/a"))
                .noneMatch(o -> o.path("outcome").asText().equals("REJECTED"));
    }

    @Test
    void aWorkerThatSleepsBeyondItsSessionIsFencedWhenItReturns() throws Exception {
        try (ChildTrainer sleeper = platform.child("sleeper", Map.of())) {
            long before = platform.outcomes().size();
            produce("sleep/a", 200);
            await().atMost(PATIENCE).until(() -> platform.outcomes().size() > before + 32);

            sleeper.pause();
            try (Trainer other = platform.trainer("w2")) {
                await().atMost(PATIENCE).until(() -> other.partitions().size() == 2);
                produce("sleep/a", 100);
                awaitOutcomes();
                sleeper.resume();
                produce("sleep/a", 100);
                produce("sleep/b", 100);
                awaitOutcomes();
                assertThat(sleeper.alive()).isTrue();
            }
        }
        assertThat(journalOf("sleep/a")).noneMatch(JournalRecord::hasRoundAbandoned);
    }

    @Test
    void aRoundThatEndsTheProcessEachTimeIsGivenUp() throws Exception {
        produce("deadly/a", PoisonedModel.DEADLY, "never");
        produce("deadly/b", 40);
        for (int life = 0; life < 4; life++) {
            try (ChildTrainer child = platform.child("w1", Map.of())) {
                assertThat(child.awaitEnd(300)).isEqualTo(PoisonedModel.DEADLY_EXIT);
            }
        }
        try (Trainer survivor = platform.trainer("w1")) {
            awaitOutcomes();
        }
        assertThat(outcomesOf("deadly/a"))
                .singleElement()
                .matches(o -> o.path("code").asText().equals("training_failed"));
        assertThat(outcomesOf("deadly/b"))
                .hasSize(40)
                .noneMatch(o -> o.path("outcome").asText().equals("REJECTED"));
    }
}
