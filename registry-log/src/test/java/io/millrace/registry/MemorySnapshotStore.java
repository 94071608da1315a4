package io.millrace.registry;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;

/** Snapshots in memory. */
final class MemorySnapshotStore implements SnapshotStore {
    private final ConcurrentSkipListMap<String, byte[]> content = new ConcurrentSkipListMap<>();

    @Override
    public Optional<byte[]> read(String name) {
        return Optional.ofNullable(content.get(name));
    }

    @Override
    public void write(String name, byte[] bytes) {
        content.put(name, bytes);
    }

    @Override
    public List<String> list(String prefix) {
        return content.keySet().stream().filter(n -> n.startsWith(prefix)).toList();
    }

    @Override
    public void delete(String name) {
        content.remove(name);
    }

    Map<String, byte[]> content() {
        return content;
    }
}
