package io.millrace.trainer.proof;

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
 * @param ends where what it came to is kept, where others than this trainer may be asked for it
 */
record LastingJob(AskedJobs record, String id, AskedJob asked, Job job, Optional<JobEnds> ends) implements Job {
    private static final Logger LOG = LoggerFactory.getLogger(LastingJob.class);

    /** Puts it on record. @throws MillraceException {@code store_unavailable} */
    static LastingJob of(AskedJobs record, String id, AskedJob asked, Job job, Optional<JobEnds> ends) {
        record.put(id, asked);
        return new LastingJob(record, id, asked, job, ends);
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
        try {
            JsonNode result = job.run(watch);
            ended(JobStatus.queued(id, job).succeeded(result));
            return result;
        } catch (Train.CancelledException e) {
            if (!watch.stopping()) {
                ended(JobStatus.queued(id, job).cancelled());
            }
            throw e;
        } catch (MillraceException e) {
            if (e.code() == ErrorCode.MOVED_AWAY) {
                record.put(id, asked.toBuilder().clearResumed().build()); // it wasn't this that ended a process
            } else {
                ended(JobStatus.queued(id, job).failed(e));
            }
            throw e;
        } catch (RuntimeException e) {
            ended(JobStatus.queued(id, job).failed(new MillraceException(ErrorCode.INTERNAL, e.toString(), e)));
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
            ends.ifPresent(kept -> kept.put(status));
            record.remove(id);
        } catch (MillraceException e) {
            LOG.warn("job={} stays on record: {}", id, e.getMessage());
        }
    }
}
