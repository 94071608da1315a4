package io.millrace.registry;

import io.millrace.core.MillraceException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes snapshots beside the tail: a slow store doesn't hold it up, and one that can't be written only costs time. */
final class SnapshotWriter implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SnapshotWriter.class);

    private final Snapshots snapshots;
    private final int every;
    private final ExecutorService thread =
            Executors.newSingleThreadExecutor(task -> new Thread(task, "registry-log-snapshot"));
    private final AtomicBoolean writing = new AtomicBoolean();
    private volatile long written;

    SnapshotWriter(Snapshots snapshots, long written, int every) {
        this.snapshots = snapshots;
        this.written = written;
        this.every = every;
    }

    /** Writes the state where enough records came since the last one. */
    void offer(RegistryState state) {
        if (state.offset() - written >= every && writing.compareAndSet(false, true)) {
            thread.execute(() -> write(state));
        }
    }

    /** Writes the state where anything came since the last one. */
    void offerLast(RegistryState state) {
        if (state.offset() > written) {
            thread.execute(() -> write(state));
        }
    }

    private void write(RegistryState state) {
        try {
            snapshots.write(state);
            LOG.debug("registry snapshot offset={}", state.offset());
        } catch (MillraceException e) {
            LOG.warn("registry snapshot offset={} wasn't written: {}", state.offset(), e.getMessage());
        } finally {
            written = state.offset();
            writing.set(false);
        }
    }

    /** Lets a snapshot that is being written end, for a few seconds. */
    @Override
    public void close() {
        thread.shutdown();
        boolean interrupted = Thread.interrupted();
        try {
            if (!thread.awaitTermination(5, TimeUnit.SECONDS)) {
                thread.shutdownNow();
            }
        } catch (InterruptedException e) {
            interrupted = true;
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
