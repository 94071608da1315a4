package io.millrace.store;

import io.millrace.core.Digest;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;

/**
 * Immutable content by digest, and small replaceable snapshots by name. Safe for use by many threads and processes at
 * once. Every method throws {@link io.millrace.core.MillraceException} with {@code store_unavailable} while the store
 * can't be reached, and with {@code store_refused} where it answers but lets nobody in with these credentials.
 */
public interface BlobStore extends AutoCloseable {

    /** Stores the content under its digest. A second writer of the same content changes nothing. */
    Digest put(byte[] content);

    /** Stores a file's content under its digest, without holding it in memory. */
    Digest put(Path file);

    /**
     * The whole content, verified against its digest.
     *
     * @throws io.millrace.core.MillraceException {@code unknown_blob} where there is none, {@code digest_mismatch} where
     *     the store returned other bytes
     */
    byte[] get(Digest digest);

    /**
     * A range of the content, not verified; the caller closes it. It ends where the content does, so from an offset at or
     * behind the end it is empty.
     *
     * @param length bytes, or -1 for all that follows
     * @throws io.millrace.core.MillraceException {@code unknown_blob} where there is none
     */
    InputStream open(Digest digest, long offset, long length);

    /** Size in bytes, or empty where there is no such blob. */
    OptionalLong size(Digest digest);

    /**
     * Names every blob, in no order. One that is stored or removed meanwhile may be named or not, and one may be named
     * twice.
     */
    void forEach(Consumer<Digest> blob);

    /** Removes a blob; nothing happens where there is none. */
    void delete(Digest digest);

    /**
     * Writes or replaces the snapshot of that name.
     *
     * @param name parts of {@code [A-Za-z0-9._-]} separated by slashes; no name is a leading part of another's, as
     *     {@code a} and {@code a/b} would be
     */
    void putSnapshot(String name, byte[] content);

    Optional<byte[]> getSnapshot(String name);

    /** Names of the snapshots that start with the prefix, sorted. */
    List<String> listSnapshots(String prefix);

    void deleteSnapshot(String name);

    @Override
    void close();
}
