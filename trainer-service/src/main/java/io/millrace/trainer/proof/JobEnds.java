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

/** What jobs came to that only the worker of their adapter can do, beside the blobs: whoever was asked can tell. */
record JobEnds(BlobStore store) {
    private static final ObjectMapper JSON = new ObjectMapper().registerModule(new Jdk8Module());
    private static final String PREFIX = "jobs/ended/";

    void put(JobStatus status) {
        try {
            store.putSnapshot(PREFIX + status.id(), JSON.writeValueAsBytes(status));
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(e);
        }
    }

    void remove(String job) {
        store.deleteSnapshot(PREFIX + job);
    }

    Optional<JobStatus> get(String job) {
        return store.getSnapshot(PREFIX + job).map(bytes -> {
            try {
                return JSON.readValue(bytes, JobStatus.class);
            } catch (IOException e) {
                throw new MillraceException(
                        ErrorCode.INCOMPATIBLE_LOG,
                        "the snapshot " + PREFIX + job + " can't be read; ask for the job again",
                        e);
            }
        });
    }
}
