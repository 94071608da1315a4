package io.millrace.registry;

import io.millrace.core.MillraceException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/** Commands that were sent and that the fold hasn't passed yet. Two senders of one command share its outcome. */
final class PendingCommands {
    private final Map<String, CompletableFuture<CommandOutcome>> byId = new ConcurrentHashMap<>();

    private final Duration timeout;

    PendingCommands(Duration timeout) {
        this.timeout = timeout;
    }

    /** Fails with a {@link java.util.concurrent.TimeoutException} where the fold doesn't pass it in time. */
    CompletableFuture<CommandOutcome> add(String commandId) {
        return byId.computeIfAbsent(commandId, this::create);
    }

    private CompletableFuture<CommandOutcome> create(String commandId) {
        CompletableFuture<CommandOutcome> pending = new CompletableFuture<>();
        return pending.orTimeout(timeout.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** Forgets a command whose sender no longer waits. */
    void forget(String commandId, CompletableFuture<CommandOutcome> pending) {
        byId.remove(commandId, pending);
    }

    void complete(String commandId, CommandOutcome outcome) {
        CompletableFuture<CommandOutcome> pending = byId.remove(commandId);
        if (pending != null) {
            pending.complete(outcome);
        }
    }

    void fail(String commandId, MillraceException error) {
        CompletableFuture<CommandOutcome> pending = byId.remove(commandId);
        if (pending != null) {
            pending.completeExceptionally(error);
        }
    }

    void failAll(MillraceException error) {
        byId.keySet().forEach(id -> fail(id, error));
    }
}
