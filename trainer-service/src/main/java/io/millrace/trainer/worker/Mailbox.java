package io.millrace.trainer.worker;

import io.millrace.engine.torch.ComputeThread;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Between the polling thread and the two that work for it: {@code trainer-device} computes, {@code trainer-io} reads and
 * stores. Results are handled on the polling thread, when it drains the box.
 */
final class Mailbox implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Mailbox.class);

    private final ExecutorService device = ComputeThread.executor("trainer-device");
    private final ExecutorService io = Executors.newSingleThreadExecutor(task -> new Thread(task, "trainer-io"));
    private final Queue<Letter> letters = new ConcurrentLinkedQueue<>();
    private final Clock clock;

    /** Something to do on the polling thread, not before a time. */
    private record Letter(Instant due, Runnable open) {}

    /** Either a value or a failure. */
    record Result<T>(Optional<T> value, Optional<Throwable> failure) {
        static <T> Result<T> of(Callable<T> computation) {
            try {
                return new Result<>(Optional.of(computation.call()), Optional.empty());
            } catch (Exception | LinkageError | OutOfMemoryError | StackOverflowError e) {
                return new Result<>(Optional.empty(), Optional.of(e));
            }
        }
    }

    Mailbox(Clock clock) {
        this.clock = clock;
    }

    /** Computes on the device's thread. */
    <T> void compute(Callable<T> computation, Consumer<Result<T>> handler) {
        run(device, computation, handler);
    }

    /** Reads or stores on the other thread. */
    <T> void read(Callable<T> computation, Consumer<Result<T>> handler) {
        run(io, computation, handler);
    }

    private <T> void run(ExecutorService executor, Callable<T> computation, Consumer<Result<T>> handler) {
        executor.execute(() -> {
            Result<T> result = Result.of(computation);
            letters.add(new Letter(Instant.EPOCH, () -> handler.accept(result)));
        });
    }

    /** Computes on the device's thread and waits for it; empty where it failed or takes longer. */
    <T> Optional<T> computeNow(Callable<T> computation, Duration atMost) {
        Future<T> future = device.submit(computation);
        try {
            return Optional.of(future.get(atMost.toMillis(), TimeUnit.MILLISECONDS));
        } catch (ExecutionException | TimeoutException e) {
            LOG.warn("gave up waiting for a last step: {}", e.toString());
            future.cancel(false);
            return Optional.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }

    /** From any thread: runs on the polling thread. */
    void post(Runnable task) {
        letters.add(new Letter(Instant.EPOCH, task));
    }

    /** Runs on the polling thread, later. */
    void later(Instant due, Runnable task) {
        letters.add(new Letter(due, task));
    }

    /** On the polling thread: handles what has come. */
    void drain() {
        Instant now = clock.instant();
        int present = letters.size();
        for (int i = 0; i < present; i++) {
            Letter letter = letters.remove();
            if (letter.due().isAfter(now)) {
                letters.add(letter);
            } else {
                letter.open().run();
            }
        }
    }

    /** Lets the running step end, for at most a while: what it computes with is freed next, even in a hurry. */
    @Override
    public void close() {
        boolean inHurry = Thread.interrupted();
        device.shutdown();
        io.shutdown();
        try {
            if (inHurry) {
                io.shutdownNow();
            }
            if (!device.awaitTermination(30, TimeUnit.SECONDS) || !io.awaitTermination(10, TimeUnit.SECONDS)) {
                LOG.error("a step is still being computed after 30 s; leaving it behind");
            }
        } catch (InterruptedException e) {
            inHurry = true;
        }
        if (inHurry) {
            Thread.currentThread().interrupt();
        }
    }
}
