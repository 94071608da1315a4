package io.millrace.registry.service;

import io.millrace.registry.SnapshotStore;
import io.millrace.store.BlobStore;
import java.util.List;
import java.util.Optional;

/** The fold's snapshots beside the blobs. */
final class BlobSnapshots implements SnapshotStore {
    private final BlobStore store;

    BlobSnapshots(BlobStore store) {
        this.store = store;
    }

    @Override
    public Optional<byte[]> read(String name) {
        return store.getSnapshot(name);
    }

    @Override
    public void write(String name, byte[] content) {
        store.putSnapshot(name, content);
    }

    @Override
    public List<String> list(String prefix) {
        return store.listSnapshots(prefix);
    }

    @Override
    public void delete(String name) {
        store.deleteSnapshot(name);
    }
}
