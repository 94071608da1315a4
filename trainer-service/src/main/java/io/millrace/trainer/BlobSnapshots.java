package io.millrace.trainer;

import io.millrace.registry.SnapshotStore;
import io.millrace.store.BlobStore;
import java.util.List;
import java.util.Optional;

/** Snapshots of the registry's fold beside the blobs. */
record BlobSnapshots(BlobStore store) implements SnapshotStore {
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
