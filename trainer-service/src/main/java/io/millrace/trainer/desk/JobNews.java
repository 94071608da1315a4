package io.millrace.trainer.desk;

import io.millrace.trainer.job.JobStatus;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/** Tells other trainers of this one's jobs, where there is news. For one thread, so that nothing old is told last. */
final class JobNews {
    private final ToldJobs atWork;
    private final Map<String, JobStatus> told = new HashMap<>();

    JobNews(ToldJobs atWork) {
        this.atWork = atWork;
    }

    void tell(JobStatus status) {
        if (!status.equals(told.get(status.id()))) {
            atWork.put(status);
            told.put(status.id(), status);
        }
    }

    /**
     * Takes back what was told of jobs that are off the record.
     *
     * @param running what this trainer does; what else is on record is another's now, who tells
     */
    void tidy(Collection<String> onRecord, Function<String, Optional<JobStatus>> running) {
        told.keySet().removeIf(id -> {
            if (onRecord.contains(id)) {
                return running.apply(id).isEmpty();
            }
            atWork.remove(id);
            return true;
        });
    }
}
