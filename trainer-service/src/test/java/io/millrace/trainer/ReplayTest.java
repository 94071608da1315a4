package io.millrace.trainer;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.core.AdapterName;
import io.millrace.proto.internal.JournalRecord;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Examples of a round that was given up are sent again, on a real Kafka, a real S3 and the base nano. */
class ReplayTest {
    private static final AdapterName ADAPTER = AdapterName.parse("acme/patient");
    private static final String POISON = "poison";

    @TempDir
    Path directory;

    @Test
    void whatWasntTrainedIsTrainedOnceItIsSentAgain() {
        try (LiveAdapter live = new LiveAdapter(directory, ADAPTER)) {
            // Given a round that can't be computed, since one of its examples is poison
            for (int i = 0; i < 10; i++) {
                produce(live, "e" + i, 1);
            }
            produce(live, POISON, PoisonedModel.NON_FINITE);
            live.settle();
            List<ConsumerRecord<byte[], byte[]>> good = live.platform().deadLetters().stream()
                    .filter(letter -> !new String(letter.value(), StandardCharsets.UTF_8).contains(POISON))
                    .toList();
            assertThat(good).isNotEmpty();
            assertThat(outcomes(live, "REJECTED")).isEqualTo(good.size() + 1);
            long taken = outcomes(live, "TRAINED") + outcomes(live, "HELD_OUT");

            // When another process finds the good ones sent again
            live.restart();
            live.replay(good);
            live.settle();

            // Then they are trained, the round that was given up stays on record, and so do their first outcomes
            assertThat(outcomes(live, "TRAINED") + outcomes(live, "HELD_OUT")).isEqualTo(taken + good.size());
            assertThat(outcomes(live, "REJECTED")).isEqualTo(good.size() + 1);
            assertThat(live.platform().journal().stream().filter(JournalRecord::hasRoundAbandoned))
                    .hasSize(1);

            // And they are not trained twice, however often they are sent
            live.replay(good);
            for (int i = 0; i < 10; i++) {
                produce(live, "e" + i, 1);
            }
            live.settle();
            assertThat(outcomes(live, "DUPLICATE")).isEqualTo(good.size() + 10);
            assertThat(live.platform().assertEachTrainedOnce()).isEqualTo(10);

            // And a version of them comes out of the journal again
            live.cut();
            live.assertExact(live.trainer().verify(ADAPTER, "latest", true));
        }
    }

    private static void produce(LiveAdapter live, String id, double weight) {
        live.produce("{\"adapter\":\"" + ADAPTER + "\",\"id\":\"" + id + "\",\"weight\":" + weight
                + ",\"prompt\":\"say " + id + "\",\"completion\":\"of course\"}");
    }

    private static long outcomes(LiveAdapter live, String kind) {
        return live.platform().outcomes().values().stream()
                .map(outcome -> outcome.path("outcome").asText())
                .filter(kind::equals)
                .count();
    }
}
