package io.millrace.trainer;

import io.millrace.core.Digest;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.store.BlobStore;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** A store that fails as its clients see it when the server answers 503, late, with other bytes, or has a full disk. */
final class FaultyStore implements BlobStore {
    /** How it fails. */
    enum Fault {
        NONE,
        UNAVAILABLE,
        /** What is there can be read and deleted; nothing can be added. */
        FULL,
        SLOW,
        WRONG_BYTES
    }

    private final BlobStore store;
    private final AtomicLong failures = new AtomicLong();
    private volatile Fault fault = Fault.NONE;

    FaultyStore(BlobStore store) {
        this.store = store;
    }

    /** From now on; counts failures anew. */
    void fault(Fault next) {
        failures.set(0);
        fault = next;
    }

    long failures() {
        return failures.get();
    }

    private <T> T with(Supplier<T> call) {
        switch (fault) {
            case UNAVAILABLE -> {
                failures.incrementAndGet();
                throw new MillraceException(ErrorCode.STORE_UNAVAILABLE, "the object store answers 503");
            }
            case SLOW -> {
                failures.incrementAndGet();
                try {
                    TimeUnit.MILLISECONDS.sleep(400);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }
            default -> {}
        }
        return call.get();
    }

    private <T> T adding(Supplier<T> call) {
        if (fault == Fault.FULL) {
            failures.incrementAndGet();
            throw new MillraceException(ErrorCode.STORE_UNAVAILABLE, "the object store has no space left");
        }
        return with(call);
    }

    private void run(Runnable call) {
        with(() -> {
            call.run();
            return true;
        });
    }

    @Override
    public Digest put(byte[] content) {
        return adding(() -> store.put(content));
    }

    @Override
    public Digest put(Path file) {
        return adding(() -> store.put(file));
    }

    @Override
    public byte[] get(Digest digest) {
        if (fault == Fault.WRONG_BYTES) {
            failures.incrementAndGet();
            throw new MillraceException(ErrorCode.DIGEST_MISMATCH, "the object store returned other bytes");
        }
        return with(() -> store.get(digest));
    }

    @Override
    public InputStream open(Digest digest, long offset, long length) {
        return with(() -> store.open(digest, offset, length));
    }

    @Override
    public OptionalLong size(Digest digest) {
        return with(() -> store.size(digest));
    }

    @Override
    public void forEach(Consumer<Digest> blob) {
        run(() -> store.forEach(blob));
    }

    @Override
    public void delete(Digest digest) {
        run(() -> store.delete(digest));
    }

    @Override
    public void putSnapshot(String name, byte[] content) {
        adding(() -> {
            store.putSnapshot(name, content);
            return true;
        });
    }

    @Override
    public Optional<byte[]> getSnapshot(String name) {
        return with(() -> store.getSnapshot(name));
    }

    @Override
    public List<String> listSnapshots(String prefix) {
        return with(() -> store.listSnapshots(prefix));
    }

    @Override
    public void deleteSnapshot(String name) {
        run(() -> store.deleteSnapshot(name));
    }

    @Override
    public void close() {
        store.close();
    }
}
