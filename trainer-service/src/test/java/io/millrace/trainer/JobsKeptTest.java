package io.millrace.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millrace.core.AdapterName;
import io.millrace.trainer.job.JobStatus;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How long a trainer tells what jobs of earlier processes came to. */
class JobsKeptTest {
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    @TempDir
    Path directory;

    @Test
    void whatAJobCameToIsToldAfterARestartAndClearedAwayAfterAWeek() {
        AtomicReference<Duration> ahead = new AtomicReference<>(Duration.ZERO);
        try (Platform platform = new Platform(directory, 1)) {
            // Given a job that has ended, with the process that did it
            JobStatus ended;
            try (Trainer trainer = trainer(platform, ahead)) {
                String id = trainer.forget(AdapterName.parse("acme/nobody"), Set.of("e1"), false)
                        .id();
                await().atMost(PATIENCE).until(() -> trainer.jobDesk()
                        .get(id)
                        .filter(JobStatus::ended)
                        .isPresent());
                ended = trainer.jobDesk().get(id).orElseThrow();
                assertThat(ended.state()).isEqualTo(JobStatus.State.FAILED);
            }

            try (Trainer next = trainer(platform, ahead)) {
                // Then the next one tells it for days, until a week has passed by the clock
                ahead.set(Duration.ofDays(6));
                await().during(Duration.ofSeconds(3))
                        .atMost(PATIENCE)
                        .until(() -> next.jobDesk().get(ended.id()).equals(Optional.of(ended)));

                ahead.set(Duration.ofDays(8));
                await().atMost(PATIENCE)
                        .until(() -> next.jobDesk().get(ended.id()).isEmpty());
                assertThat(platform.store.listSnapshots("jobs/")).isEmpty();
            }
        }
    }

    private static Trainer trainer(Platform platform, AtomicReference<Duration> ahead) {
        Trainer trainer = platform.trainer("w1", platform.store, JumpingClock.of(ahead::get));
        await().atMost(PATIENCE).until(trainer::ready);
        return trainer;
    }
}
