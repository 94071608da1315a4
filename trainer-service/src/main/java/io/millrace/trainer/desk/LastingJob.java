package io.millrace.trainer.desk;

import com.fasterxml.jackson.databind.JsonNode;
import io.millrace.core.AdapterName;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.proto.internal.AskedJob;
import io.millrace.trainer.job.Job;
import io.millrace.trainer.job.JobStatus;
import io.millrace.trainer.train.Train;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A job that is on record while it isn't done: only the end of the process, or its adapter's move to another worker, leaves
 * it there.
 *
 * @param shared where what it came to is told, where others than this trainer may be asked for it
 */
record LastingJob(AskedJobs record, String id, AskedJob asked, Job job, Optional<AdapterJobs> shared) implements Job {
    private static final Logger LOG = LoggerFactory.getLogger(LastingJob.class);

    /** Puts it on record. @throws MillraceException {@code store_unavailable} */
    static LastingJob of(AskedJobs record, String id, AskedJob asked, Job job) {
        record.put(id, asked);
        return new LastingJob(record, id, asked, job, Optional.empty());
    }

    /** For whoever trains the adapter. @throws MillraceException {@code store_unavailable} */
    static LastingJob of(AdapterJobs shared, String id, AskedJob asked, Job job) {
        shared.asked().put(id, asked);
        return new LastingJob(shared.asked(), id, asked, job, Optional.of(shared));
    }

    /** Knows how far the job is. */
    private static final class Following implements Watch {
        private final Watch watch;
        private JobStatus status;

        private Following(Watch watch, JobStatus status) {
            this.watch = watch;
            this.status = status;
        }

        @Override
        public void progress(long done, long of, String note) {
            status = status.progress(done, of, note);
            watch.progress(done, of, note);
        }

        @Override
        public boolean cancelled() {
            return watch.cancelled();
        }

        @Override
        public boolean stopping() {
            return watch.stopping();
        }
    }

    @Override
    public String kind() {
        return job.kind();
    }

    @Override
    public AdapterName adapter() {
        return job.adapter();
    }

    @Override
    public JsonNode run(Watch watch) {
        Following following = new Following(watch, JobStatus.queued(id, job));
        try {
            JsonNode result = job.run(following);
            ended(following.status.succeeded(result));
            return result;
        } catch (Train.CancelledException e) {
            if (!watch.stopping()) {
                ended(following.status.cancelled());
            }
            throw e;
        } catch (MillraceException e) {
            if (e.code() == ErrorCode.MOVED_AWAY) {
                record.put(id, asked.toBuilder().clearResumed().build()); // it wasn't this that ended a process
            } else {
                ended(following.status.failed(e));
            }
            throw e;
        } catch (RuntimeException e) {
            ended(following.status.failed(new MillraceException(ErrorCode.INTERNAL, e.toString(), e)));
            throw e;
        }
    }

    @Override
    public void dropped() {
        ended(JobStatus.queued(id, job).cancelled());
    }

    /** What stays on record is done once more after a restart, and comes to the same. */
    private void ended(JobStatus status) {
        try {
            shared.ifPresentOrElse(jobs -> jobs.end(status), () -> record.remove(id));
        } catch (MillraceException e) {
            LOG.warn("job={} stays on record: {}", id, e.getMessage());
        }
    }
}
