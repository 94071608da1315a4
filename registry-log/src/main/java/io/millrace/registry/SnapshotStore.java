package io.millrace.registry;

import java.util.List;
import java.util.Optional;

/**
 * Where snapshots of the fold are kept: small replaceable files by name, parts of {@code [A-Za-z0-9._-]} separated by
 * slashes. Every method throws {@link io.millrace.core.MillraceException} with {@code store_unavailable} while the store
 * can't be reached.
 */
public interface SnapshotStore {

    Optional<byte[]> read(String name);

    /** Writes or replaces. */
    void write(String name, byte[] content);

    /** Names that start with the prefix, sorted. */
    List<String> list(String prefix);

    void delete(String name);

    /** Keeps nothing: every start reads the log from its beginning. */
    static SnapshotStore none() {
        return new SnapshotStore() {
            @Override
            public Optional<byte[]> read(String name) {
                return Optional.empty();
            }

            @Override
            public void write(String name, byte[] content) {}

            @Override
            public List<String> list(String prefix) {
                return List.of();
            }

            @Override
            public void delete(String name) {}
        };
    }
}
