package io.millrace.store;

import io.millrace.core.Digest;
import io.millrace.core.MillraceException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** Asks a store now and then whether it is there, so that readiness needn't wait for it. */
public final class StoreProbe implements AutoCloseable {
    private static final Digest NOTHING = Digest.of("");

    private final BlobStore store;
    private final Duration period;
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "store-probe");
        thread.setDaemon(true);
        return thread;
    });
    private volatile Optional<String> problem = Optional.of("the object store wasn't asked yet");

    /** @param period between an answer and the next question */
    public StoreProbe(BlobStore store, Duration period) {
        this.store = store;
        this.period = period;
    }

    public void start() {
        var unused = timer.scheduleWithFixedDelay(this::probe, 0, period.toMillis(), TimeUnit.MILLISECONDS);
    }

    private void probe() {
        try {
            var unused = store.size(NOTHING);
            problem = Optional.empty();
        } catch (MillraceException e) {
            problem = Optional.of(e.getMessage());
        } catch (RuntimeException e) {
            problem = Optional.of(e.toString());
        }
    }

    /** Why the store can't be used; empty: it can. */
    public Optional<String> problem() {
        return problem;
    }

    @Override
    public void close() {
        timer.shutdownNow();
    }
}
