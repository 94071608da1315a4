package io.millrace.registry;

import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.proto.internal.RegistryRecord;
import io.millrace.topics.KafkaSettings;
import io.millrace.topics.TopicBootstrap;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.WakeupException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The registry's log in Kafka. One thread, {@code registry-log-tail}, reads the one partition from the last snapshot on
 * and folds it; {@link #close} ends it; {@link #status} says how it fares. While Kafka or the snapshots can't be reached
 * it goes on trying.
 */
public final class KafkaRegistryLog implements RegistryLog {
    private static final Logger LOG = LoggerFactory.getLogger(KafkaRegistryLog.class);
    private static final Duration POLL = Duration.ofMillis(500);
    private static final Duration FIRST_WAIT = Duration.ofMillis(200);
    private static final Duration LONGEST_WAIT = Duration.ofSeconds(5);
    private static final Duration FOLD_TIMEOUT = Duration.ofSeconds(30);

    private final KafkaSettings settings;
    private final SnapshotStore snapshotStore;
    private final int snapshotEvery;
    private final PendingCommands pending = new PendingCommands(FOLD_TIMEOUT);
    private final List<Consumer<RegistryView>> listeners = new CopyOnWriteArrayList<>();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition advanced = lock.newCondition();
    private final AtomicReference<LogWriter> writer = new AtomicReference<>();
    private final AtomicReference<LogReader> reader = new AtomicReference<>();
    private final Thread tail;

    private volatile RegistryState state = RegistryState.empty();
    private volatile LogStatus status = new LogStatus.Waiting("the registry's log wasn't read yet");
    private volatile boolean closed;

    /**
     * Doesn't wait for Kafka; call {@link #start}.
     *
     * @param snapshotEvery records between two snapshots of the fold
     */
    public KafkaRegistryLog(KafkaSettings settings, SnapshotStore snapshotStore, int snapshotEvery) {
        this.settings = settings;
        this.snapshotStore = snapshotStore;
        this.snapshotEvery = snapshotEvery;
        this.tail = new Thread(this::run, "registry-log-tail");
        this.tail.setDaemon(true);
    }

    /** A running log, with a snapshot every 1,000 records. */
    public static KafkaRegistryLog start(KafkaSettings settings, SnapshotStore snapshotStore) {
        return new KafkaRegistryLog(settings, snapshotStore, 1_000).start();
    }

    public KafkaRegistryLog start() {
        tail.start();
        return this;
    }

    @Override
    public RegistryState view() {
        return state;
    }

    @Override
    public LogStatus status() {
        return status;
    }

    @Override
    public boolean ready() {
        return status instanceof LogStatus.Following || status instanceof LogStatus.Disconnected;
    }

    @Override
    public CompletableFuture<CommandOutcome> submit(RegistryRecord command) {
        RegistryRecord record = command.getFoldVersion() == 0
                ? command.toBuilder().setFoldVersion(RegistryState.FOLD_VERSION).build()
                : command;
        String id = record.getCommandId();
        if (id.isEmpty()) {
            return CompletableFuture.failedFuture(
                    new MillraceException(ErrorCode.BAD_REQUEST, "a registry command needs a command_id"));
        }
        LogWriter to = writer.get();
        if (to == null || closed || status instanceof LogStatus.Outdated || status instanceof LogStatus.Refused) {
            ErrorCode code = status instanceof LogStatus.Outdated ? ErrorCode.NOT_READY : ErrorCode.KAFKA_UNAVAILABLE;
            return CompletableFuture.failedFuture(new MillraceException(
                    code, "the registry's log can't be written now: " + status.detail() + "; try again"));
        }
        CompletableFuture<CommandOutcome> outcome = pending.add(id);
        // Looked up after it was added: the fold either has it already, or will find it pending.
        state.outcome(id)
                .ifPresentOrElse(
                        known -> pending.complete(id, known), () -> to.send(record, error -> pending.fail(id, error)));
        return outcome.whenComplete((done, error) -> pending.forget(id, outcome))
                .exceptionally(KafkaRegistryLog::late);
    }

    private static CommandOutcome late(Throwable error) {
        Throwable cause = error.getCause() == null ? error : error.getCause();
        if (cause instanceof MillraceException e) {
            throw e;
        }
        if (cause instanceof TimeoutException || error instanceof TimeoutException) {
            throw new MillraceException(
                    ErrorCode.TIMED_OUT,
                    "the registry's log didn't confirm the command in " + FOLD_TIMEOUT.toSeconds()
                            + " s; send it again with the same command id",
                    error);
        }
        throw new MillraceException(ErrorCode.INTERNAL, "the command failed: " + cause, error);
    }

    @Override
    public RegistryView await(long offset, Duration atMost) {
        long nanos = atMost.toNanos();
        lock.lock();
        try {
            while (state.offset() < offset) {
                if (nanos <= 0) {
                    throw notReached(offset);
                }
                nanos = advanced.awaitNanos(nanos);
            }
            return state;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw notReached(offset);
        } finally {
            lock.unlock();
        }
    }

    private MillraceException notReached(long offset) {
        return new MillraceException(
                ErrorCode.TIMED_OUT,
                "the registry is at offset " + state.offset() + " and didn't reach " + offset + " in time ("
                        + status.detail() + "); try again");
    }

    @Override
    public AutoCloseable onChange(Consumer<RegistryView> listener) {
        listeners.add(listener);
        return () -> listeners.remove(listener);
    }

    @Override
    public void close() {
        closed = true;
        try {
            LogReader reading = reader.get();
            if (reading != null) {
                reading.wakeup();
                tail.join(Duration.ofSeconds(2).toMillis());
            }
            tail.interrupt();
            tail.join(Duration.ofSeconds(10).toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        LogWriter writing = writer.getAndSet(null);
        if (writing != null) {
            writing.close();
        }
        status = new LogStatus.Closed();
        pending.failAll(new MillraceException(ErrorCode.KAFKA_UNAVAILABLE, "the registry's log was closed"));
    }

    private void run() {
        Duration wait = FIRST_WAIT;
        try {
            while (!closed) {
                try {
                    follow();
                    return;
                } catch (MillraceException e) {
                    if (!e.code().retryable()) {
                        throw e;
                    }
                    status = new LogStatus.Waiting(e.getMessage());
                } catch (WakeupException e) {
                    continue; // closing
                } catch (KafkaException e) {
                    status = new LogStatus.Waiting("Kafka at " + settings.bootstrapServers() + " can't be reached ("
                            + e.getMessage() + "); trying again");
                }
                LOG.warn("registry log: {}", status.detail());
                Thread.sleep(wait.toMillis());
                wait = wait.multipliedBy(2).compareTo(LONGEST_WAIT) < 0 ? wait.multipliedBy(2) : LONGEST_WAIT;
            }
        } catch (InterruptedException | InterruptException e) {
            LOG.debug("registry log: closing");
        } catch (MillraceException e) {
            refuse(e);
        } catch (RuntimeException e) {
            refuse(new MillraceException(ErrorCode.INTERNAL, "the registry's log can't be followed: " + e, e));
        }
    }

    private void refuse(MillraceException error) {
        LOG.error("registry log: {}", error.getMessage(), error);
        status = new LogStatus.Refused(error);
        pending.failAll(error);
    }

    /** Recovers and reads until closed. */
    private void follow() throws InterruptedException {
        TopicBootstrap bootstrap = new TopicBootstrap(settings, waiting -> status = new LogStatus.Waiting(waiting));
        bootstrap.ensure(List.of(settings.topics().registrySpec()));
        Snapshots snapshots = new Snapshots(snapshotStore, LogReader.identify(settings));
        if (state.offset() < 0) {
            snapshots.newest().ifPresent(newest -> state = newest);
        }
        try (LogReader log = new LogReader(settings);
                SnapshotWriter snapshotWriter = new SnapshotWriter(snapshots, state.offset(), snapshotEvery)) {
            reader.set(log);
            long end = log.seekAfter(state.offset());
            if (writer.get() == null) {
                writer.set(new LogWriter(settings));
            }
            try {
                while (!closed) {
                    advance(log, end);
                    snapshotWriter.offer(state);
                }
            } finally {
                snapshotWriter.offerLast(state);
            }
        } finally {
            reader.set(null);
        }
    }

    private void advance(LogReader log, long end) {
        status = statusOf(log, end);
        for (ConsumerRecord<byte[], byte[]> record : log.poll(POLL)) {
            fold(record);
        }
    }

    private LogStatus statusOf(LogReader log, long end) {
        if (state.stoppedAt().isPresent()) {
            return new LogStatus.Outdated(state.stoppedAt().getAsLong());
        }
        if (!ready()) {
            return log.position() >= end ? new LogStatus.Following() : new LogStatus.CatchingUp(state.offset(), end);
        }
        return log.trouble().<LogStatus>map(LogStatus.Disconnected::new).orElseGet(LogStatus.Following::new);
    }

    private void fold(ConsumerRecord<byte[], byte[]> record) {
        byte[] value = record.value() == null ? new byte[0] : record.value();
        RegistryState.Step step = state.step(record.offset(), Instant.ofEpochMilli(record.timestamp()), value);
        lock.lock();
        try {
            state = step.state();
            advanced.signalAll();
        } finally {
            lock.unlock();
        }
        if (step.changed()) {
            LOG.info("registry offset={} {}", record.offset(), step.outcome().detail());
            for (Consumer<RegistryView> listener : listeners) {
                tell(listener);
            }
        }
        step.commandId().ifPresent(id -> pending.complete(id, step.outcome()));
    }

    private void tell(Consumer<RegistryView> listener) {
        try {
            listener.accept(state);
        } catch (RuntimeException e) {
            LOG.error("a listener of the registry's log failed at offset={}", state.offset(), e);
        }
    }
}
