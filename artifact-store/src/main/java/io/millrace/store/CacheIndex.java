package io.millrace.store;

import io.millrace.core.Digest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Which blobs a cache's folder holds, from the least to the most recently used, and which have to go. */
final class CacheIndex {
    private static final Logger LOG = LoggerFactory.getLogger(CacheIndex.class);

    private final long maxBytes;
    private final Map<Digest, Long> sizes = new LinkedHashMap<>(16, 0.75f, true);
    private long bytes;

    private CacheIndex(long maxBytes) {
        this.maxBytes = maxBytes;
    }

    private record Found(Digest digest, long bytes, FileTime modified) {}

    /** Starts from what the folder holds, the oldest file first. */
    static CacheIndex scan(Path folder, long maxBytes) {
        CacheIndex index = new CacheIndex(maxBytes);
        Path blobs = folder.resolve(BlobNames.BLOBS);
        if (!Files.isDirectory(blobs)) {
            return index;
        }
        try (Stream<Path> files = Files.walk(blobs)) {
            files.filter(Files::isRegularFile)
                    .map(CacheIndex::found)
                    .flatMap(Optional::stream)
                    .sorted(Comparator.comparing(Found::modified))
                    .forEach(index::takeOver);
        } catch (IOException | UncheckedIOException e) {
            LOG.warn("cache={} starts empty: {}", folder, e.getMessage());
        }
        return index;
    }

    private static Optional<Found> found(Path file) {
        try {
            return Optional.of(new Found(
                    new Digest(file.getFileName().toString()), Files.size(file), Files.getLastModifiedTime(file)));
        } catch (IllegalArgumentException | IOException e) {
            return Optional.empty(); // a stranger's file, or one that just went away
        }
    }

    // More than fits now, after a change of the limit, goes with the next blob that is added.
    private synchronized void takeOver(Found found) {
        sizes.put(found.digest(), found.bytes());
        bytes += found.bytes();
    }

    boolean fits(long size) {
        return size <= maxBytes / 2;
    }

    /** Marks a blob as used. @return whether it is there */
    synchronized boolean touch(Digest digest) {
        return sizes.get(digest) != null;
    }

    /** @return blobs that have to go to make room, already forgotten here */
    synchronized List<Digest> add(Digest digest, long size) {
        Long before = sizes.put(digest, size);
        bytes += size - (before == null ? 0 : before);
        List<Digest> evicted = new ArrayList<>();
        Iterator<Map.Entry<Digest, Long>> oldest = sizes.entrySet().iterator();
        while (bytes > maxBytes && oldest.hasNext()) {
            Map.Entry<Digest, Long> entry = oldest.next();
            bytes -= entry.getValue();
            evicted.add(entry.getKey());
            oldest.remove();
        }
        return evicted;
    }

    synchronized void remove(Digest digest) {
        Long size = sizes.remove(digest);
        bytes -= size == null ? 0 : size;
    }
}
