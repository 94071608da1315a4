package io.millrace.trainer.desk;

import io.millrace.store.BlobStore;
import java.nio.charset.StandardCharsets;
import java.util.Set;

/** Jobs that somebody cancelled and whose worker hasn't ended them yet, beside the blobs. */
record CancelledJobs(JobSnapshots snapshots) {
    private static final byte[] CONTENT = "cancelled".getBytes(StandardCharsets.UTF_8);

    static CancelledJobs in(BlobStore store) {
        return new CancelledJobs(new JobSnapshots(store, "jobs/cancelled/"));
    }

    void put(String job) {
        snapshots.put(job, CONTENT);
    }

    void remove(String job) {
        snapshots.remove(job);
    }

    Set<String> ids() {
        return Set.copyOf(snapshots.ids());
    }
}
