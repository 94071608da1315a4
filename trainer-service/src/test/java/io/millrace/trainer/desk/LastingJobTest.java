package io.millrace.trainer.desk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.millrace.core.AdapterName;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.proto.internal.AskedJob;
import io.millrace.proto.internal.Forgetting;
import io.millrace.store.MemoryBlobStore;
import io.millrace.trainer.job.Job;
import io.millrace.trainer.job.JobStatus;
import io.millrace.trainer.train.Train;
import java.time.Clock;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/** What stays on record of a job that was asked for, and what it came to. */
class LastingJobTest {
    private static final AdapterName ADAPTER = AdapterName.parse("acme/lasting");
    private static final String ID = "forget-lasting-1";
    private static final AskedJob ASKED = AskedJob.newBuilder()
            .setForget(Forgetting.newBuilder().setAdapter(ADAPTER.toString()).addExampleIds("e1"))
            .setResumed(2)
            .build();

    private final MemoryBlobStore store = new MemoryBlobStore();
    private final AdapterJobs shared = AdapterJobs.in(store, Clock.systemUTC());
    private final AskedJobs record = shared.asked();
    private final ToldJobs ends = shared.ended();

    /** A job that comes to what the test says. */
    private record Work(Supplier<JsonNode> result) implements Job {
        @Override
        public String kind() {
            return "forget";
        }

        @Override
        public AdapterName adapter() {
            return ADAPTER;
        }

        @Override
        public JsonNode run(Watch watch) {
            watch.progress(1, 3, "archives");
            return result.get();
        }
    }

    /** @param stopping whether the process ends */
    private record Watching(boolean stopping) implements Job.Watch {
        @Override
        public void progress(long done, long of, String note) {}

        @Override
        public boolean cancelled() {
            return true;
        }
    }

    private LastingJob lasting(Supplier<JsonNode> result) {
        return LastingJob.of(shared, ID, ASKED, new Work(result));
    }

    private static JsonNode failing(RuntimeException e) {
        throw e;
    }

    @Test
    void whatIsDoneIsOffTheRecordAndItsResultIsKept() {
        LastingJob job = lasting(() -> JsonNodeFactory.instance.objectNode().put("archives", 3));
        assertThat(record.ids()).containsExactly(ID);

        job.run(new Watching(false));

        assertThat(record.ids()).isEmpty();
        JobStatus ended = ends.get(ID).orElseThrow();
        assertThat(ended.state()).isEqualTo(JobStatus.State.DONE);
        assertThat(ended.result().orElseThrow().path("archives").asInt()).isEqualTo(3);
        assertThat(ended.error()).isEmpty();
    }

    @Test
    void whatFailsIsOffTheRecordAndSaysWhy() {
        LastingJob job = lasting(() -> failing(new MillraceException(ErrorCode.KAFKA_UNAVAILABLE, "gone")));

        assertThatThrownBy(() -> job.run(new Watching(false))).hasMessage("gone");

        assertThat(record.ids()).isEmpty();
        assertThat(ends.get(ID).orElseThrow().error().orElseThrow())
                .isEqualTo(new JobStatus.Failure("kafka_unavailable", "gone"));
    }

    @Test
    void aJobWhoseAdapterMovedStaysOnRecordAndCountsAsNeverBegun() {
        LastingJob job = lasting(() -> failing(new MillraceException(ErrorCode.MOVED_AWAY, "elsewhere")));

        assertThatThrownBy(() -> job.run(new Watching(false))).hasMessage("elsewhere");

        assertThat(record.get(ID).orElseThrow().getForget()).isEqualTo(ASKED.getForget());
        assertThat(record.get(ID).orElseThrow().getResumed()).isZero();
        assertThat(ends.get(ID)).isEmpty();
    }

    @Test
    void onlyTheEndOfTheProcessLeavesACancelledOneThere() {
        LastingJob job = lasting(() -> failing(new Train.CancelledException()));

        assertThatThrownBy(() -> job.run(new Watching(true))).isInstanceOf(Train.CancelledException.class);
        assertThat(record.ids()).containsExactly(ID);

        assertThatThrownBy(() -> job.run(new Watching(false))).isInstanceOf(Train.CancelledException.class);
        assertThat(record.ids()).isEmpty();
        JobStatus cancelled = ends.get(ID).orElseThrow();
        assertThat(cancelled.state()).isEqualTo(JobStatus.State.CANCELLED);
        assertThat(cancelled.done()).isEqualTo(1); // as the worker's own door says
        assertThat(cancelled.note()).isEqualTo("archives");
    }

    @Test
    void whatSomebodyCancelledBeforeItBeganIsOffTheRecordAndNothingIsLeftToCancel() {
        LastingJob job = lasting(() -> failing(new IllegalStateException("it must not begin")));
        shared.cancelled().put(ID);

        job.dropped();

        assertThat(record.ids()).isEmpty();
        assertThat(shared.cancelled().ids()).isEmpty();
        assertThat(ends.get(ID).orElseThrow().state()).isEqualTo(JobStatus.State.CANCELLED);
    }

    @Test
    void whatProcessesBeginAndNeverEndIsGivenUpAtLast() {
        AskedJob third = AskedJobs.again(ASKED).orElseThrow();

        assertThat(third.getResumed()).isEqualTo(3);
        assertThat(AskedJobs.again(third)).isEmpty();
    }
}
