package io.millrace.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Kafka and the store go away while a trainer runs. */
class OutageTest {
    private static final Duration PATIENCE = Duration.ofSeconds(90);

    /** Far below the sum of what Kafka's clients would wait for, far above what a stop takes. */
    private static final Duration STOPPED = Duration.ofSeconds(40);

    @TempDir
    Path directory;

    private Platform platform;
    private TrainerProcess process;
    private int produced;

    @BeforeEach
    void start() {
        platform = new Platform(directory, 2);
        process = platform.process("w1");
        await().atMost(PATIENCE).until(process::ready);
    }

    @AfterEach
    void stop() {
        process.close();
        platform.close();
    }

    @Test
    void theBaseIsRegisteredOnce() {
        await().atMost(PATIENCE).until(() -> !platform.registry.view().bases().isEmpty());
        process.close();
        process = platform.process("w1");
        await().atMost(PATIENCE).until(process::ready);
        produceAndAwaitOutcomes();

        assertThat(platform.registry.view().bases()).extracting(b -> b.name()).containsExactly("nano");
        assertThat(platform.read(platform.kafka.topics().registry()).stream()
                        .filter(r ->
                                new String(r.value(), java.nio.charset.StandardCharsets.ISO_8859_1).contains("base:")))
                .as("a base that is registered isn't registered again")
                .hasSize(1);
    }

    @Test
    void aStoreThatGoesAwayIsSaidAndTrainingGoesOnWhenItIsBack() {
        produceAndAwaitOutcomes();

        platform.stopStore();
        await().atMost(PATIENCE)
                .untilAsserted(
                        () -> assertThat(process.waitingFor().get("store")).contains("can't be reached"));
        assertThat(process.ready()).isFalse();
        produce();

        platform.startStore();
        await().atMost(PATIENCE).until(process::ready);
        awaitOutcomes();
    }

    @Test
    void kafkaThatGoesAwayIsSaidAndTrainingGoesOnWhenItIsBack() {
        produceAndAwaitOutcomes();

        platform.stopKafka();
        await().atMost(PATIENCE)
                .untilAsserted(() ->
                        assertThat(process.waitingFor().get("registry")).contains("Kafka at", "can't be reached"));
        assertThat(process.ready()).isFalse();

        platform.startKafka();
        await().atMost(PATIENCE).until(process::ready);
        produceAndAwaitOutcomes();
    }

    @Test
    void aStopWithoutKafkaTakesAMoment() {
        produceAndAwaitOutcomes();
        produce();
        platform.stopKafka();
        await().atMost(PATIENCE).until(() -> !process.ready());

        long start = System.nanoTime();
        process.close();
        Duration took = Duration.ofNanos(System.nanoTime() - start);
        platform.startKafka();

        assertThat(took).isLessThan(STOPPED);
        process = platform.process("w1");
        awaitOutcomes();
    }

    private void produceAndAwaitOutcomes() {
        produce();
        awaitOutcomes();
    }

    private void produce() {
        for (int i = 0; i < 20; i++, produced++) {
            platform.produce("{\"adapter\":\"acme/a\",\"id\":\"" + produced + "\",\"prompt\":\"say " + produced
                    + "\",\"completion\":\"said\"}");
        }
        platform.flush();
    }

    private void awaitOutcomes() {
        await().atMost(PATIENCE)
                .pollInterval(Duration.ofMillis(200))
                .until(() -> platform.outcomes().size() == produced);
    }
}
