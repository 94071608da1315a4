package io.millrace.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.millrace.proto.internal.JournalRecord;
import io.millrace.trainer.FaultyStore.Fault;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is around a trainer fails: nothing is lost, nothing happens twice, and readiness tells. */
class FaultsTest {
    private static final Duration PATIENCE = Duration.ofMinutes(4);
    private static final Duration BROKER_GONE = Duration.ofSeconds(25);

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

    /** All were trained or held out, and no round was counted as failed. */
    private static void assertNothingWasBlamed(String adapter, int examples) {
        assertThat(outcomesOf(adapter))
                .hasSize(examples)
                .noneMatch(o -> o.path("outcome").asText().equals("REJECTED"));
        assertThat(journalOf(adapter))
                .noneMatch(JournalRecord::hasRoundAbandoned)
                .noneMatch(r -> r.hasRoundRetried() && !r.getRoundRetried().getHandedOver())
                .noneMatch(JournalRecord::hasRoundRebased);
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
        try (Trainer trainer = platform.trainer("w1", store, Clock.systemUTC())) {
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
        assertNothingWasBlamed("store/a", 200);
    }

    @Test
    void aStoreWithAFullDiskOnlyMakesTheTrainerWaitUntilThereIsRoom() {
        FaultyStore store = new FaultyStore(platform.store);
        try (Trainer trainer = platform.trainer("w1", store, Clock.systemUTC())) {
            await().atMost(PATIENCE).until(trainer::ready);
            produce("full/a", 60);
            await().atMost(PATIENCE).until(() -> !outcomesOf("full/a").isEmpty());

            // When neither archives nor checkpoints nor versions can be stored any more
            store.fault(Fault.FULL);
            produce("full/a", 60);
            produce("full/b", 60);
            await().atMost(PATIENCE).until(() -> store.failures() > 4 && !trainer.ready());
            assertThat(trainer.waitingFor().get("worker")).contains("no space left");

            // Then everything is trained once there is room
            store.fault(Fault.NONE);
            awaitOutcomes();
            await().atMost(PATIENCE).until(trainer::ready);
        }
        assertNothingWasBlamed("full/a", 120);
        assertNothingWasBlamed("full/b", 60);
    }

    @Test
    void aBrokerThatIsGoneForAWhileInTheMiddleOfRounds() {
        try (TrainerProcess process = platform.process("w1")) {
            await().atMost(PATIENCE).until(process::ready);
            long before = platform.outcomes().size();
            produce("broker/a", 400);
            produce("broker/b", 400);
            await().atMost(PATIENCE).until(() -> platform.outcomes().size() > before + 64);

            // When it is gone for longer than sessions, transactions and requests wait
            platform.stopKafka();
            long gone = System.nanoTime();
            await().atMost(PATIENCE).until(() -> !process.ready());
            await().atMost(PATIENCE).until(() -> System.nanoTime() - gone > BROKER_GONE.toNanos());
            assertThat(process.ready()).isFalse();
            platform.startKafka();

            // Then everything is trained, what was read before it went as well as what waits in it
            awaitOutcomes();
            await().atMost(PATIENCE).until(process::ready);
        }
        assertNothingWasBlamed("broker/a", 400);
        assertNothingWasBlamed("broker/b", 400);
    }

    @Test
    void aClockThatJumpsDelaysNothing() {
        AtomicReference<Duration> ahead = new AtomicReference<>(Duration.ZERO);
        int count = 0;
        try (Trainer trainer = platform.trainer("w1", platform.store, JumpingClock.of(ahead::get))) {
            await().atMost(PATIENCE).until(trainer::ready);
            for (Duration jump :
                    List.of(Duration.ofMinutes(50), Duration.ofHours(-3), Duration.ZERO, Duration.ofDays(-400))) {
                // Fewer than make a round: they wait by the clock when it is set
                produce("clock/a", 10);
                count += 10;
                long outcomes = platform.produced() - 10;
                await().atMost(PATIENCE)
                        .until(() -> platform.outcomes().size() > outcomes
                                || trainer.adapters().stream()
                                        .anyMatch(a -> a.adapter().equals("clock/a") && a.waiting() > 0));

                ahead.set(jump);

                awaitOutcomes();
            }
            await().atMost(PATIENCE).until(trainer::ready);
        }
        assertNothingWasBlamed("clock/a", count);
    }

    @Test
    void aClockFurtherAheadThanKafkaAllowsIsSaidAndWaitedFor() {
        AtomicReference<Duration> ahead = new AtomicReference<>(Duration.ZERO);
        try (Trainer trainer = platform.trainer("w1", platform.store, JumpingClock.of(ahead::get))) {
            await().atMost(PATIENCE).until(trainer::ready);

            ahead.set(Duration.ofHours(3));
            produce("ahead/a", 40);
            await().atMost(PATIENCE)
                    .until(() -> trainer.waitingFor().getOrDefault("worker", "").contains("imestamp"));
            assertThat(trainer.ready()).isFalse();

            ahead.set(Duration.ZERO);
            awaitOutcomes();
            await().atMost(PATIENCE).until(trainer::ready);
        }
        assertNothingWasBlamed("ahead/a", 40);
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
