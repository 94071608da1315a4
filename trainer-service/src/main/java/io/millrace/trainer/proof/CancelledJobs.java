package io.millrace.trainer.proof;

import io.millrace.store.BlobStore;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.stream.Collectors;

/** Jobs that somebody cancelled and whose worker hasn't ended them yet, beside the blobs. */
record CancelledJobs(BlobStore store) {
    private static final String PREFIX = "jobs/cancelled/";
    private static final byte[] CONTENT = "cancelled".getBytes(StandardCharsets.UTF_8);

    void put(String job) {
        store.putSnapshot(PREFIX + job, CONTENT);
    }

    void remove(String job) {
        store.deleteSnapshot(PREFIX + job);
    }

    Set<String> ids() {
        return store.listSnapshots(PREFIX).stream()
                .map(name -> name.substring(PREFIX.length()))
                .collect(Collectors.toUnmodifiableSet());
    }
}
