package io.millrace.router;

import io.millrace.registry.SnapshotStore;
import io.millrace.store.BlobStore;
import java.util.List;
import java.util.Optional;

/** The snapshots that registry nodes write; a router only starts from them. */
record ReadOnlySnapshots(BlobStore store) implements SnapshotStore {
    @Override
    public Optional<byte[]> read(String name) {
        return store.getSnapshot(name);
    }

    @Override
    public void write(String name, byte[] content) {
        // Registry nodes do.
    }

    @Override
    public List<String> list(String prefix) {
        return store.listSnapshots(prefix);
    }

    @Override
    public void delete(String name) {
        // Registry nodes do.
    }
}
