package io.millrace.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import io.millrace.core.AdapterName;
import io.millrace.proto.internal.JournalRecord;
import io.millrace.trainer.job.JobStatus;
import io.millrace.trainer.protocol.CrashPoint;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A process that ends at each point of forgetting, one after another; each time the next one finishes it by itself. */
class ForgetCrashTest {
    private static final AdapterName ADAPTER = AdapterName.parse("crash/forgetful");

    @TempDir
    Path directory;

    @Test
    void whatWasBegunIsFinishedWhereverTheProcessEnds() throws Exception {
        try (LiveAdapter live = new LiveAdapter(directory, ADAPTER)) {
            List<String> others = new ArrayList<>();
            for (CrashPoint point : CrashPoint.ofForgetting()) {
                // Given an example that was trained, a dead letter of its own, and others beside them
                String secret = "secret of " + point;
                String other = "told " + point;
                others.add(other);
                produce(live, point + "-trained", secret, true);
                produce(live, point + "-refused", secret, false);
                produce(live, point + "-other", other, false);
                for (int i = 0; i < 12; i++) {
                    produce(live, point + "-" + i, "say " + i, true);
                }
                live.cut();
                Places places = new Places(live.platform(), secret);
                assertThat(places.all()).hasSizeGreaterThanOrEqualTo(3);

                // When the process ends there that was asked to forget them
                live.stop();
                try (ChildTrainer child =
                        live.platform().child(LiveAdapter.WORKER, Map.of("MILLRACE_CRASH_AT", point.text()))) {
                    child.forget(ADAPTER.toString(), point + "-trained", point + "-refused");
                    assertThat(child.awaitEnd(300)).as("exit at " + point).isEqualTo(CrashPoint.EXIT);
                }

                // Then the next one finishes it, unasked
                live.start();
                await().atMost(LiveAdapter.PATIENCE)
                        .untilAsserted(() -> assertThat(live.trainer().jobs().list())
                                .as("after " + point)
                                .extracting(JobStatus::kind, JobStatus::state)
                                .containsExactly(tuple("forget", JobStatus.State.DONE)));
                await().atMost(LiveAdapter.PATIENCE)
                        .untilAsserted(() ->
                                assertThat(places.all()).as("after " + point).isEmpty());
                assertThat(forgotten(live))
                        .filteredOn(id -> id.startsWith(point.toString()))
                        .hasSize(2);
                // And nothing else was erased, or came twice
                assertThat(live.platform().deadLetters())
                        .extracting(letter -> text(letter.value()))
                        .allMatch(letter -> others.stream().anyMatch(letter::contains))
                        .hasSameSizeAs(others);
            }

            // And training goes on from there, provable
            live.platform().assertEachTrainedOnce();
            produce(live, "last", "say more", true);
            live.cut();
            live.assertExact(live.trainer().verify(ADAPTER, "latest", false));
        }
    }

    /** In all events, each as often as it stands there. */
    private static List<String> forgotten(LiveAdapter live) {
        return live.platform().journal().stream()
                .filter(JournalRecord::hasExamplesForgotten)
                .flatMap(record -> record.getExamplesForgotten().getExampleIdsList().stream())
                .toList();
    }

    /** @param whole whether it can be trained; else it becomes a dead letter */
    private static void produce(LiveAdapter live, String id, String prompt, boolean whole) {
        live.produce("{\"adapter\":\"" + ADAPTER + "\",\"id\":\"" + id + "\",\"prompt\":\"" + prompt + "\""
                + (whole ? ",\"completion\":\"of course\"}" : "}"));
    }

    private static String text(byte[] value) {
        return new String(value, StandardCharsets.UTF_8);
    }
}
