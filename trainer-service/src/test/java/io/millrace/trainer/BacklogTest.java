package io.millrace.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millrace.proto.internal.JournalRecord;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BacklogTest {
    private static final Duration PATIENCE = Duration.ofMinutes(5);
    private static final String BACKLOG = "backlog/a";
    private static final String LATECOMER = "backlog/b";
    private static final int ROUNDS_OF_LATECOMER = 6;

    @TempDir
    Path directory;

    @Test
    void tenThousandExamplesOfOneAdapterKeepAnotherWaitingForNoMoreThanTwoRounds() {
        try (Platform platform = new Platform(directory, 1)) {
            // Given a backlog that is being trained
            produce(platform, BACKLOG, 10_000);
            try (Trainer trainer = platform.trainer("w1")) {
                await().atMost(PATIENCE).until(() -> committed(platform).size() >= 3);

                // When another adapter's examples come
                produce(platform, LATECOMER, 32 * ROUNDS_OF_LATECOMER + 16);
                await().atMost(PATIENCE)
                        .pollInterval(Duration.ofMillis(300))
                        .until(() -> committed(platform).stream()
                                        .filter(LATECOMER::equals)
                                        .count()
                                >= ROUNDS_OF_LATECOMER);
            }

            // Then the two take turns, long before the backlog is done
            List<String> order = committed(platform);
            List<Integer> turns = IntStream.range(0, order.size())
                    .filter(i -> order.get(i).equals(LATECOMER))
                    .boxed()
                    .toList();
            assertThat(order.size()).isLessThan(10_000 / 32);
            assertThat(IntStream.range(1, ROUNDS_OF_LATECOMER)
                            .map(i -> turns.get(i) - turns.get(i - 1) - 1)
                            .boxed())
                    .as("rounds of the backlog between two of the other adapter")
                    .allMatch(between -> between <= 2);
        }
    }

    private static void produce(Platform platform, String adapter, int count) {
        for (int i = 0; i < count; i++) {
            platform.produce("{\"adapter\":\"" + adapter + "\",\"prompt\":\"say " + i + "\",\"completion\":\"said\"}");
        }
        platform.flush();
    }

    /** Adapters of the committed rounds, in the order of their commits. */
    private static List<String> committed(Platform platform) {
        return platform.read(platform.kafka.topics().journal()).stream()
                .filter(r -> journal(r).hasRoundCommitted())
                .sorted(Comparator.comparingLong(ConsumerRecord::timestamp))
                .map(r -> journal(r).getAdapter())
                .toList();
    }

    private static JournalRecord journal(ConsumerRecord<byte[], byte[]> record) {
        try {
            return JournalRecord.parseFrom(record.value());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
