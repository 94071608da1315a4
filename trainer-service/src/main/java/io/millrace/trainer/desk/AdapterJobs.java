package io.millrace.trainer.desk;

import io.millrace.proto.internal.AskedJob;
import io.millrace.store.BlobStore;
import io.millrace.trainer.job.JobStatus;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * Jobs that only the worker of their adapter can do, beside the blobs: any trainer writes down what it was asked for there,
 * and reads how the one at work is getting on.
 *
 * @param asked what hasn't ended
 * @param atWork how far that is, as its worker told last
 * @param cancelled what its worker shall not go on with
 * @param ended what it came to; told before it is off the record
 */
record AdapterJobs(AskedJobs asked, ToldJobs atWork, CancelledJobs cancelled, ToldJobs ended) {

    private static final Duration KEPT = Duration.ofDays(7);

    static AdapterJobs in(BlobStore store, Clock clock) {
        return new AdapterJobs(
                AskedJobs.ofAdapters(store),
                ToldJobs.atWork(store, clock),
                CancelledJobs.in(store),
                ToldJobs.ended(store, clock));
    }

    /** @param queued the job before a worker has it */
    Optional<JobStatus> get(String id, Function<AskedJob, JobStatus> queued) {
        return asked.get(id)
                .map(job -> atWork.get(id).orElseGet(() -> queued.apply(job)))
                .or(() -> ended.get(id));
    }

    /** What is left of an earlier one of that id says nothing about the next one. */
    void clear(String id) {
        ended.remove(id);
        atWork.remove(id);
        cancelled.remove(id);
    }

    void end(JobStatus status) {
        ended.put(status);
        asked.remove(status.id());
        cancelled.remove(status.id());
    }

    /** Deletes what jobs came to a week ago, and what processes left that ended at an odd moment. */
    void tidy() {
        // In this order: whoever cancels a job does so while it is on record.
        Set<String> marks = cancelled.ids();
        Set<String> onRecord = Set.copyOf(asked.ids());
        marks.stream().filter(job -> !onRecord.contains(job)).forEach(cancelled::remove);
        atWork.clear(KEPT, onRecord);
        ended.clear(KEPT, onRecord);
    }
}
