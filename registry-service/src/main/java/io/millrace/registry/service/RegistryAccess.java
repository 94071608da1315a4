package io.millrace.registry.service;

import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.proto.internal.RegistryRecord;
import io.millrace.registry.CommandOutcome;
import io.millrace.registry.KafkaRegistryLog;
import io.millrace.registry.LogStatus;
import io.millrace.registry.RegistryChange;
import io.millrace.registry.RegistryState;
import io.millrace.registry.RegistryView;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** The registry as requests use it: its view once there is one, and commands that say what became of them. */
public final class RegistryAccess implements AutoCloseable {
    private final KafkaRegistryLog log;
    private final Supplier<String> ids;
    private final Duration maxWait;

    /**
     * @param ids unique command ids
     * @param maxWait longest wait for an offset
     */
    public RegistryAccess(KafkaRegistryLog log, Supplier<String> ids, Duration maxWait) {
        this.log = log;
        this.ids = ids;
        this.maxWait = maxWait;
    }

    public LogStatus status() {
        return log.status();
    }

    /** The view, however old. */
    public RegistryView anyView() {
        return log.view();
    }

    /** @throws MillraceException {@code not_ready} before the log was read for the first time */
    public RegistryView view() {
        LogStatus status = log.status();
        if (status instanceof LogStatus.Refused refused) {
            throw new MillraceException(refused.error().code(), refused.error().getMessage(), refused.error());
        }
        if (!log.ready() && !(status instanceof LogStatus.Outdated)) {
            throw new MillraceException(
                    ErrorCode.NOT_READY, "the registry didn't read its log yet: " + status.detail() + "; try again");
        }
        return log.view();
    }

    /** The view once it contains the offset; {@code timed_out} where that takes too long. */
    public RegistryView viewFrom(long minOffset) {
        view();
        return log.await(minOffset, maxWait);
    }

    /**
     * Appends the command and waits until this node's fold has passed it.
     *
     * @param commandId to resend it harmlessly; empty: one is made
     * @throws MillraceException with what the fold refused it for, or {@code kafka_unavailable}
     */
    public CommandOutcome execute(RegistryRecord.Builder command, String actor, Optional<String> commandId) {
        RegistryRecord record = command.setCommandId(commandId.orElseGet(ids))
                .setFoldVersion(RegistryState.FOLD_VERSION)
                .setActor(actor)
                .build();
        CommandOutcome outcome;
        try {
            outcome = log.submit(record).join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof MillraceException cause) {
                throw new MillraceException(cause.code(), cause.getMessage(), cause);
            }
            throw e;
        }
        if (outcome.error().isPresent()) {
            throw new MillraceException(outcome.error().get(), outcome.detail());
        }
        return outcome;
    }

    /**
     * Hands over each change from this offset on, in order: first those of the past, then each as it comes. Closing the
     * handle ends it.
     */
    public AutoCloseable watch(long from, Consumer<RegistryChange> consumer) {
        ChangeFeed feed = new ChangeFeed(from - 1, consumer);
        AutoCloseable listening = log.onChange(feed::drain);
        feed.drain(log.view());
        return listening;
    }

    @Override
    public void close() {
        log.close();
    }
}
