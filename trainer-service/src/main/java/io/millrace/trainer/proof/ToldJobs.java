package io.millrace.trainer.proof;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.store.BlobStore;
import io.millrace.trainer.job.JobStatus;
import java.io.IOException;
import java.util.Optional;

/**
 * Where jobs stand that only the worker of their adapter can do, as that worker tells it beside the blobs.
 *
 * @param prefix of the snapshots' names
 */
record ToldJobs(BlobStore store, String prefix) {
    private static final ObjectMapper JSON = new ObjectMapper().registerModule(new Jdk8Module());

    /** While they are on record. */
    static ToldJobs atWork(BlobStore store) {
        return new ToldJobs(store, "jobs/at-work/");
    }

    /** What they came to. */
    static ToldJobs ended(BlobStore store) {
        return new ToldJobs(store, "jobs/ended/");
    }

    void put(JobStatus status) {
        try {
            store.putSnapshot(prefix + status.id(), JSON.writeValueAsBytes(status));
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(e);
        }
    }

    void remove(String job) {
        store.deleteSnapshot(prefix + job);
    }

    Optional<JobStatus> get(String job) {
        return store.getSnapshot(prefix + job).map(bytes -> {
            try {
                return JSON.readValue(bytes, JobStatus.class);
            } catch (IOException e) {
                throw new MillraceException(
                        ErrorCode.INCOMPATIBLE_LOG,
                        "the snapshot " + prefix + job + " can't be read; delete it and ask for the job again",
                        e);
            }
        });
    }
}
