package io.millrace.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millrace.proto.internal.JournalRecord;
import io.millrace.trainer.protocol.CrashPoint;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A process that ends at each point that a stream passes, one after another, over one stream. */
class CrashPointTest {
    private static final List<String> ADAPTERS = List.of("crash/a", "crash/b");
    private static final int EXAMPLES = 40;

    /** Passed by a process that finds a planned round, or before it has done anything. */
    private static final Set<CrashPoint> AT_FIRST =
            Set.of(CrashPoint.RECOVERED, CrashPoint.BEFORE_RETRY, CrashPoint.DURING_RETRY, CrashPoint.AFTER_RETRY);

    @TempDir
    Path directory;

    private int produced;

    @Test
    void nothingIsLostOrTrainedTwiceWhereverTheProcessEnds() throws Exception {
        try (Platform platform = new Platform(directory, 1)) {
            // When a process ends at each point
            for (CrashPoint point : CrashPoint.ofTheStream()) {
                produce(platform);
                int passing = AT_FIRST.contains(point) ? 1 : point == CrashPoint.MID_TRAIN ? 7 : 2;
                try (ChildTrainer child =
                        platform.child("w1", Map.of("MILLRACE_CRASH_AT", point.text() + ":" + passing))) {
                    assertThat(child.awaitEnd(300)).as("exit at " + point).isEqualTo(CrashPoint.EXIT);
                }
            }

            // And one is left to go on
            try (Trainer last = platform.trainer("w1")) {
                long records = platform.produced();
                await().atMost(Duration.ofMinutes(4))
                        .pollInterval(Duration.ofMillis(300))
                        .until(() -> platform.outcomes().size() == records);
                await().atMost(Duration.ofMinutes(4))
                        .pollInterval(Duration.ofMillis(300))
                        .until(() -> published(platform).containsAll(cut(platform)));
            }

            // Then each example was trained once, every version that was cut is published, and nothing else is
            assertThat(platform.assertEachTrainedOnce()).isEqualTo(produced);
            assertThat(platform.journal())
                    .noneMatch(JournalRecord::hasRoundAbandoned)
                    .noneMatch(JournalRecord::hasRoundRebased)
                    .anyMatch(JournalRecord::hasRoundRetried);
            assertThat(published(platform)).isEqualTo(cut(platform)).hasSizeGreaterThan(2);
        }
    }

    private void produce(Platform platform) {
        for (int i = 0; i < EXAMPLES; i++) {
            for (String adapter : ADAPTERS) {
                platform.produce("{\"adapter\":\"" + adapter + "\",\"id\":\"" + produced + "\",\"prompt\":\"say "
                        + produced + "\",\"completion\":\"said " + produced % 7 + "\"}");
                produced++;
            }
        }
        platform.flush();
    }

    private static Set<String> cut(Platform platform) {
        return platform.journal().stream()
                .filter(JournalRecord::hasVersionCut)
                .map(r -> r.getVersionCut().getVersionId())
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static Set<String> published(Platform platform) {
        return platform.registry.view().adapters().stream()
                .flatMap(a -> a.versions().stream())
                .map(v -> v.id().hex())
                .collect(Collectors.toCollection(TreeSet::new));
    }
}
