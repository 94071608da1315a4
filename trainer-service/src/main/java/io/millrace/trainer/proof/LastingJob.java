package io.millrace.trainer.proof;

import com.fasterxml.jackson.databind.JsonNode;
import io.millrace.core.AdapterName;
import io.millrace.core.MillraceException;
import io.millrace.proto.internal.AskedJob;
import io.millrace.trainer.job.Job;
import io.millrace.trainer.train.Train;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A job that is on record while it isn't done: only the end of the process leaves it there. */
public record LastingJob(AskedJobs record, String id, Job job) implements Job {
    private static final Logger LOG = LoggerFactory.getLogger(LastingJob.class);

    /** Puts it on record. @throws io.millrace.core.MillraceException {@code store_unavailable} */
    public static LastingJob of(AskedJobs record, String id, AskedJob asked, Job job) {
        record.put(id, asked);
        return new LastingJob(record, id, job);
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
            remove();
            return result;
        } catch (Train.CancelledException e) {
            if (!watch.stopping()) {
                remove();
            }
            throw e;
        } catch (RuntimeException e) {
            remove();
            throw e;
        }
    }

    @Override
    public void dropped() {
        remove();
    }

    /** What stays on record is done once more after a restart, and comes to the same. */
    private void remove() {
        try {
            record.remove(id);
        } catch (MillraceException e) {
            LOG.warn("job={} stays on record: {}", id, e.getMessage());
        }
    }
}
