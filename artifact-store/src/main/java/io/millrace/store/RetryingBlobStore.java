package io.millrace.store;

import io.millrace.core.Digest;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tries again, with growing waits, what failed with an error that says that trying again helps. */
public final class RetryingBlobStore implements BlobStore {
    private static final Logger LOG = LoggerFactory.getLogger(RetryingBlobStore.class);

    private final BlobStore store;
    private final RetryPolicy policy;
    private final RandomGenerator jitter;
    private final Waiting waiting;

    /** How to wait; {@link Thread#sleep} outside of tests. */
    @FunctionalInterface
    public interface Waiting {
        void sleep(Duration duration) throws InterruptedException;
    }

    public RetryingBlobStore(BlobStore store, RetryPolicy policy, RandomGenerator jitter) {
        this(store, policy, jitter, duration -> Thread.sleep(duration.toMillis()));
    }

    /** @param jitter spreads the retries of many processes; must be safe for use by many threads */
    public RetryingBlobStore(BlobStore store, RetryPolicy policy, RandomGenerator jitter, Waiting waiting) {
        this.store = store;
        this.policy = policy;
        this.jitter = jitter;
        this.waiting = waiting;
    }

    private <T> T retrying(Supplier<T> call) {
        for (int failed = 1; ; failed++) {
            try {
                return call.get();
            } catch (MillraceException e) {
                if (!e.code().retryable() || failed >= policy.attempts()) {
                    throw e;
                }
                LOG.debug("attempt={} of={} failed: {}", failed, policy.attempts(), e.getMessage());
                await(policy.delayAfter(failed, jitter), e);
            }
        }
    }

    private void await(Duration delay, MillraceException failure) {
        try {
            waiting.sleep(delay);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            failure.addSuppressed(e);
            throw new MillraceException(
                    ErrorCode.STORE_UNAVAILABLE,
                    "stopped while waiting for the store: " + failure.getMessage(),
                    failure);
        }
    }

    private void retrying(Runnable call) {
        retrying(() -> {
            call.run();
            return true;
        });
    }

    @Override
    public Digest put(byte[] content) {
        return retrying(() -> store.put(content));
    }

    @Override
    public Digest put(Path file) {
        return retrying(() -> store.put(file));
    }

    @Override
    public byte[] get(Digest digest) {
        return retrying(() -> store.get(digest));
    }

    /** Only opening is tried again, not reading. */
    @Override
    public InputStream open(Digest digest, long offset, long length) {
        return retrying(() -> store.open(digest, offset, length));
    }

    @Override
    public OptionalLong size(Digest digest) {
        return retrying(() -> store.size(digest));
    }

    @Override
    public void forEach(Consumer<Digest> blob) {
        retrying(() -> store.forEach(blob));
    }

    @Override
    public void delete(Digest digest) {
        retrying(() -> store.delete(digest));
    }

    @Override
    public void putSnapshot(String name, byte[] content) {
        retrying(() -> store.putSnapshot(name, content));
    }

    @Override
    public Optional<byte[]> getSnapshot(String name) {
        return retrying(() -> store.getSnapshot(name));
    }

    @Override
    public List<String> listSnapshots(String prefix) {
        return retrying(() -> store.listSnapshots(prefix));
    }

    @Override
    public void deleteSnapshot(String name) {
        retrying(() -> store.deleteSnapshot(name));
    }

    @Override
    public void close() {
        store.close();
    }
}
