package io.millrace.registry.service;

import io.millrace.core.Digest;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.store.BlobStore;
import io.millrace.store.StoreProbe;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;

/** Blobs as requests use them: uploads are checked while they stream, and never held in memory. */
public final class BlobAccess implements AutoCloseable {
    private static final int BUFFER = 1 << 16;
    private static final Duration PROBE_PERIOD = Duration.ofSeconds(2);

    private final BlobStore store;
    private final long maxBytes;
    private final StoreProbe probe;

    public BlobAccess(BlobStore store, long maxBytes) {
        this.store = store;
        this.maxBytes = maxBytes;
        this.probe = new StoreProbe(store, PROBE_PERIOD);
    }

    /** Starts to look after the store. */
    void start() {
        probe.start();
    }

    /** Why the store can't be used; empty: it can. */
    Optional<String> trouble() {
        return probe.problem();
    }

    public BlobStore store() {
        return store;
    }

    /** Largest blob that is taken. */
    public long maxBytes() {
        return maxBytes;
    }

    /**
     * Stores what the stream holds.
     *
     * @return its size
     * @throws MillraceException {@code digest_mismatch}, or {@code blob_too_large}
     */
    public long upload(Digest expected, InputStream content) {
        try {
            Path file = Files.createTempFile("millrace-upload-", ".blob");
            try {
                long size = receive(expected, content, file);
                store.put(file);
                return size;
            } finally {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("the upload of " + expected + " broke off", e);
        }
    }

    private long receive(Digest expected, InputStream content, Path file) throws IOException {
        MessageDigest digest = Digest.sha256();
        long size = 0;
        try (OutputStream out = new DigestOutputStream(Files.newOutputStream(file), digest)) {
            byte[] buffer = new byte[BUFFER];
            for (int n = content.read(buffer); n >= 0; n = content.read(buffer)) {
                size += n;
                if (size > maxBytes) {
                    throw new MillraceException(
                            ErrorCode.BLOB_TOO_LARGE,
                            "a blob may have " + maxBytes + " bytes at most; raise millrace.registry.max-blob-bytes");
                }
                out.write(buffer, 0, n);
            }
        }
        Digest actual = Digest.of(digest);
        if (!actual.equals(expected)) {
            throw new MillraceException(
                    ErrorCode.DIGEST_MISMATCH,
                    "the content's SHA-256 is " + actual + ", not " + expected + "; upload it again");
        }
        return size;
    }

    /** @throws MillraceException {@code unknown_blob} */
    public long size(Digest digest) {
        OptionalLong size = store.size(digest);
        if (size.isEmpty()) {
            throw new MillraceException(ErrorCode.UNKNOWN_BLOB, "there is no blob " + digest + "; upload it first");
        }
        return size.getAsLong();
    }

    @Override
    public void close() {
        probe.close();
        store.close();
    }
}
