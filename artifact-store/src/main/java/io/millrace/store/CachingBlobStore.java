package io.millrace.store;

import io.millrace.core.Digest;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the blobs that were read in a local folder, the least recently used making room. Only content that was verified
 * gets in, and it is verified again when it comes out. A folder that can't be used costs speed, nothing else.
 */
public final class CachingBlobStore implements BlobStore {
    private static final Logger LOG = LoggerFactory.getLogger(CachingBlobStore.class);

    private final BlobStore store;
    private final DirectoryBlobStore folder;
    private final CacheIndex index;

    /**
     * Takes over what an earlier process left in the folder.
     *
     * @param folder used by this cache alone
     * @param maxBytes of all kept blobs together; a blob of more than half of it isn't kept
     */
    public CachingBlobStore(BlobStore store, Path folder, long maxBytes) {
        this.store = store;
        this.folder = new DirectoryBlobStore(folder);
        this.index = CacheIndex.scan(folder, maxBytes);
    }

    @Override
    public byte[] get(Digest digest) {
        return cached(digest).orElseGet(() -> {
            byte[] content = store.get(digest);
            keep(digest, content);
            return content;
        });
    }

    private Optional<byte[]> cached(Digest digest) {
        if (!index.touch(digest)) {
            return Optional.empty();
        }
        try {
            return Optional.of(folder.get(digest));
        } catch (MillraceException e) { // removed meanwhile, damaged or unreadable: the store has it
            if (e.code() != ErrorCode.UNKNOWN_BLOB) {
                LOG.warn("blob={} dropped from the cache: {}", digest, e.getMessage());
            }
            drop(digest);
            return Optional.empty();
        }
    }

    private void keep(Digest digest, byte[] content) {
        if (!index.fits(content.length)) {
            return;
        }
        try {
            folder.put(content);
            index.add(digest, content.length).forEach(this::deleteQuietly);
        } catch (MillraceException e) {
            LOG.warn("blob={} not cached: {}", digest, e.getMessage());
        }
    }

    private void drop(Digest digest) {
        index.remove(digest);
        deleteQuietly(digest);
    }

    private void deleteQuietly(Digest digest) {
        try {
            folder.delete(digest);
        } catch (MillraceException e) {
            LOG.warn("blob={} stays in the cache's folder: {}", digest, e.getMessage());
        }
    }

    @Override
    public InputStream open(Digest digest, long offset, long length) {
        if (index.touch(digest)) {
            try {
                return folder.open(digest, offset, length);
            } catch (MillraceException e) {
                drop(digest);
            }
        }
        return store.open(digest, offset, length);
    }

    @Override
    public OptionalLong size(Digest digest) {
        return store.size(digest);
    }

    @Override
    public Digest put(byte[] content) {
        return store.put(content);
    }

    @Override
    public Digest put(Path file) {
        return store.put(file);
    }

    @Override
    public void forEach(Consumer<Digest> blob) {
        store.forEach(blob);
    }

    @Override
    public void delete(Digest digest) {
        drop(digest);
        store.delete(digest);
    }

    @Override
    public void putSnapshot(String name, byte[] content) {
        store.putSnapshot(name, content);
    }

    @Override
    public Optional<byte[]> getSnapshot(String name) {
        return store.getSnapshot(name);
    }

    @Override
    public List<String> listSnapshots(String prefix) {
        return store.listSnapshots(prefix);
    }

    @Override
    public void deleteSnapshot(String name) {
        store.deleteSnapshot(name);
    }

    @Override
    public void close() {
        folder.close();
        store.close();
    }
}
