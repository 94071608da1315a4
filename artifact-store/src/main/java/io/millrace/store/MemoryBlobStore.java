package io.millrace.store;

import io.millrace.core.Digest;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.Consumer;

/** Keeps everything in memory; gone with the process. */
public final class MemoryBlobStore implements BlobStore {
    private final ConcurrentMap<Digest, byte[]> blobs = new ConcurrentHashMap<>();
    private final ConcurrentMap<String, byte[]> snapshots = new ConcurrentHashMap<>();

    @Override
    public Digest put(byte[] content) {
        Digest digest = Digest.of(content);
        blobs.putIfAbsent(digest, content.clone());
        return digest;
    }

    @Override
    public Digest put(Path file) {
        try {
            return put(Files.readAllBytes(file));
        } catch (IOException e) {
            throw StoreErrors.unavailable(file.toString(), e);
        }
    }

    private byte[] content(Digest digest) {
        byte[] content = blobs.get(digest);
        if (content == null) {
            throw StoreErrors.unknown(digest);
        }
        return content;
    }

    @Override
    public byte[] get(Digest digest) {
        return StoreErrors.verified(digest, content(digest).clone());
    }

    @Override
    public InputStream open(Digest digest, long offset, long length) {
        StoreErrors.checkRange(offset, length);
        byte[] content = content(digest);
        int start = (int) Math.min(offset, content.length);
        int bytes = length < 0 ? content.length : (int) Math.min(length, content.length);
        return new ByteArrayInputStream(content, start, bytes);
    }

    @Override
    public OptionalLong size(Digest digest) {
        byte[] content = blobs.get(digest);
        return content == null ? OptionalLong.empty() : OptionalLong.of(content.length);
    }

    @Override
    public void forEach(Consumer<Digest> blob) {
        blobs.keySet().forEach(blob);
    }

    @Override
    public void delete(Digest digest) {
        blobs.remove(digest);
    }

    @Override
    public void putSnapshot(String name, byte[] content) {
        snapshots.put(BlobNames.snapshot(name), content.clone());
    }

    @Override
    public Optional<byte[]> getSnapshot(String name) {
        return Optional.ofNullable(snapshots.get(BlobNames.snapshot(name))).map(byte[]::clone);
    }

    @Override
    public List<String> listSnapshots(String prefix) {
        String start = BlobNames.snapshotPrefix(prefix);
        return snapshots.keySet().stream()
                .filter(name -> name.startsWith(start))
                .map(name -> name.substring(BlobNames.SNAPSHOTS.length()))
                .sorted()
                .toList();
    }

    @Override
    public void deleteSnapshot(String name) {
        snapshots.remove(BlobNames.snapshot(name));
    }

    @Override
    public void close() {
        blobs.clear();
        snapshots.clear();
    }
}
