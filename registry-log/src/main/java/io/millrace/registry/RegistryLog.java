package io.millrace.registry;

import io.millrace.proto.internal.RegistryRecord;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/** The registry's log as one process sees it: its own fold, and a way to append. Safe for many threads. */
public interface RegistryLog extends AutoCloseable {

    /** The fold so far; never waits. */
    RegistryView view();

    /**
     * Appends a command and completes when this process's fold has passed it. A resent command (same id) completes with
     * the outcome it had first. Completes exceptionally with {@code kafka_unavailable} where the log can't be reached.
     */
    CompletableFuture<CommandOutcome> submit(RegistryRecord command);

    /**
     * Waits until the view contains the offset.
     *
     * @throws io.millrace.core.MillraceException {@code timed_out}
     */
    RegistryView await(long offset, Duration atMost);

    /** Calls back after each record that changed something, from the tail's thread. Closing the handle ends it. */
    AutoCloseable onChange(Consumer<RegistryView> listener);

    /** Whether the fold has reached the end that the log had at start-up, and understands every record. */
    boolean ready();

    /** How it fares now. */
    LogStatus status();

    @Override
    void close();
}
