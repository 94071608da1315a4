package io.millrace.trainer.desk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.proto.internal.AskedJob;
import io.millrace.store.MemoryBlobStore;
import io.millrace.trainer.JumpingClock;
import io.millrace.trainer.job.JobStatus;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** How long what is written down of jobs stays. */
class AdapterJobsTest {
    private static final Duration ALMOST = Duration.ofDays(7).minusMinutes(1);
    private static final AskedJob ASKED =
            AskedJob.newBuilder().setCut("acme/tidy").build();

    private final AtomicReference<Duration> ahead = new AtomicReference<>(Duration.ZERO);
    private final MemoryBlobStore store = new MemoryBlobStore();
    private final AdapterJobs jobs = AdapterJobs.in(store, JumpingClock.of(ahead::get));

    private static JobStatus status(String id) {
        return new JobStatus(
                id,
                "forget",
                "acme/tidy",
                JobStatus.State.RUNNING,
                1,
                3,
                "archives",
                Optional.empty(),
                Optional.empty());
    }

    private static JobStatus done(String id) {
        return status(id).succeeded(JsonNodeFactory.instance.objectNode().put("archives", 3));
    }

    private Optional<JobStatus> get(String id) {
        return jobs.get(id, asked -> status(id));
    }

    @Test
    void whatAJobCameToIsToldForAWeek() {
        jobs.end(done("first"));
        ahead.set(ALMOST);
        jobs.end(done("second"));

        jobs.tidy();
        assertThat(get("first")).contains(done("first"));

        ahead.set(ALMOST.plusMinutes(2));
        jobs.tidy();
        assertThat(get("first")).isEmpty();
        assertThat(get("second")).contains(done("second"));
    }

    @Test
    void whatIsOnRecordIsToldHoweverLongItTakes() {
        jobs.asked().put("long", ASKED);
        jobs.atWork().put(status("long"));
        jobs.cancelled().put("long");
        jobs.atWork().put(status("gone"));
        jobs.cancelled().put("gone");

        ahead.set(Duration.ofDays(8));
        jobs.tidy();

        assertThat(jobs.atWork().get("long")).contains(status("long"));
        assertThat(jobs.atWork().get("gone")).isEmpty();
        assertThat(jobs.cancelled().ids()).containsExactly("long");
    }

    @Test
    void aClockThatIsSetBackTakesNothingAway() {
        jobs.end(done("first"));

        ahead.set(Duration.ofDays(-400));
        jobs.tidy();

        assertThat(get("first")).contains(done("first"));
    }

    @Test
    void whatAnEarlierReleaseToldIsKeptForAWeekFromNowOn() {
        store.putSnapshot(
                "jobs/ended/old",
                ("{\"id\":\"old\",\"kind\":\"forget\",\"adapter\":\"acme/tidy\",\"state\":\"FAILED\",\"done\":0,\"of\":0,"
                                + "\"note\":\"\",\"error\":{\"code\":\"not_ready\",\"message\":\"later\"}}")
                        .getBytes(StandardCharsets.UTF_8));
        store.putSnapshot("jobs/ended/odd", "?".getBytes(StandardCharsets.UTF_8));
        JobStatus old = get("old").orElseThrow();
        assertThat(old.error()).contains(new JobStatus.Failure("not_ready", "later"));

        jobs.tidy();
        ahead.set(ALMOST);
        jobs.tidy();
        assertThat(get("old")).contains(old);

        ahead.set(Duration.ofDays(8));
        jobs.tidy();
        assertThat(get("old")).isEmpty();
        assertThat(catchThrowableOfType(MillraceException.class, () -> get("odd"))
                        .code())
                .isEqualTo(ErrorCode.INCOMPATIBLE_LOG);
    }
}
