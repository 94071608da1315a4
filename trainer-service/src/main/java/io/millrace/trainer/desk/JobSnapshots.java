package io.millrace.trainer.desk;

import io.millrace.store.BlobStore;
import java.util.List;
import java.util.Optional;

/**
 * What is kept of jobs beside the blobs, by job.
 *
 * @param prefix of the snapshots' names
 */
record JobSnapshots(BlobStore store, String prefix) {

    void put(String job, byte[] content) {
        store.putSnapshot(name(job), content);
    }

    void remove(String job) {
        store.deleteSnapshot(name(job));
    }

    Optional<byte[]> get(String job) {
        return store.getSnapshot(name(job));
    }

    List<String> ids() {
        return store.listSnapshots(prefix).stream()
                .map(name -> name.substring(prefix.length()))
                .toList();
    }

    /** Of the snapshot itself. */
    String name(String job) {
        return prefix + job;
    }
}
