package io.millrace.trainer.worker;

import com.google.protobuf.InvalidProtocolBufferException;
import io.millrace.core.AdapterName;
import io.millrace.core.AdapterSettings;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.proto.internal.CuratedExample;
import io.millrace.proto.internal.JournalRecord;
import io.millrace.registry.AdapterEntry;
import io.millrace.registry.RegistryLog;
import io.millrace.registry.RegistryView;
import io.millrace.topics.Topics;
import io.millrace.trainer.protocol.AdapterFold;
import io.millrace.trainer.protocol.Round;
import io.millrace.trainer.train.Train;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.Function;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One life of a worker, from joining the group to its end: polls, keeps each adapter's records in order, has one step at
 * a time computed, writes what it came to. For one thread; what others computed comes in through {@link Mailbox}.
 */
final class Worker implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Worker.class);
    private static final Duration POLL = Duration.ofMillis(20);
    private static final Duration GIVE_UP = Duration.ofSeconds(8);
    private static final Duration CLOSE = Duration.ofSeconds(5);

    /** Not the round's fault, however often it is tried: its examples must not become dead letters for it. */
    private static final Set<ErrorCode> OF_THE_STORE =
            Set.of(ErrorCode.DIGEST_MISMATCH, ErrorCode.UNKNOWN_BLOB, ErrorCode.STORE_REFUSED, ErrorCode.FORGOTTEN);

    private final Consumer<byte[], byte[]> consumer;
    private final Ledger ledger;
    private final Recover recover;
    private final RegistryLog registry;
    private final Outbox outbox;
    private final Steps steps;
    private final Housekeeping housekeeping;
    private final Topics topics;
    private final WorkerSettings settings;
    private final Progress progress;
    private final Clock clock;
    private final Clock wall;
    private final Mailbox mailbox;
    private final Set<PlannedRound> unharmed;
    private final Requests requests;

    private final Map<TopicPartition, Shard> shards = new HashMap<>();
    private final Set<Lane> turns = new LinkedHashSet<>();
    private Optional<Lane> computing = Optional.empty();
    private boolean full;
    private boolean joined;
    private boolean left;

    /** A round that was planned. */
    record PlannedRound(AdapterName adapter, long round) {}

    /**
     * @param unharmed rounds that an earlier worker of this process left without having failed at them; kept up to date
     * @param clock that nobody sets: what waits is timed by it
     * @param wall the system's clock: the journal's records bear its time
     */
    Worker(
            Consumer<byte[], byte[]> consumer,
            Ledger ledger,
            Recover recover,
            RegistryLog registry,
            Outbox outbox,
            Steps steps,
            Housekeeping housekeeping,
            Topics topics,
            WorkerSettings settings,
            Progress progress,
            Mailbox mailbox,
            Set<PlannedRound> unharmed,
            Clock clock,
            Clock wall) {
        this.consumer = consumer;
        this.ledger = ledger;
        this.recover = recover;
        this.registry = registry;
        this.outbox = outbox;
        this.steps = steps;
        this.housekeeping = housekeeping;
        this.topics = topics;
        this.settings = settings;
        this.progress = progress;
        this.mailbox = mailbox;
        this.unharmed = unharmed;
        this.clock = clock;
        this.wall = wall;
        this.requests = new Requests(
                this::lane, lane -> computing.equals(Optional.of(lane)), this::write, steps, mailbox, clock);
    }

    /** To be asked on this worker's thread. */
    Requests requests() {
        return requests;
    }

    void join() {
        consumer.subscribe(List.of(topics.curated()), new Rebalance());
    }

    /** One turn of the loop. */
    void turn() {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
            accept(record);
        }
        mailbox.drain();
        Instant now = clock.instant();
        limitBuffer();
        startNext(now);
        outbox.send(lanes(), registry.view(), now);
        housekeeping.tidy(shards.values(), now);
        progress.publish(joined, lanes(), shards.values(), this::lag, computing, registry.view(), now);
    }

    private Optional<Lane> lane(AdapterName adapter) {
        return lanes().stream()
                .filter(l -> l.adapter().equals(adapter) && l.shard().ready())
                .findFirst();
    }

    private void accept(ConsumerRecord<byte[], byte[]> record) {
        Shard shard = shards.get(new TopicPartition(record.topic(), record.partition()));
        try {
            CuratedExample example = CuratedExample.parseFrom(record.value());
            Lane lane = shard.lane(AdapterName.parse(example.getAdapter()));
            turns.add(lane);
            lane.accept(record.offset(), example, clock.instant());
        } catch (InvalidProtocolBufferException e) {
            throw new MillraceException(
                    ErrorCode.INCOMPATIBLE_LOG,
                    record.topic() + " holds a record that no curator wrote, at partition " + record.partition()
                            + ", offset " + record.offset(),
                    e);
        }
    }

    /** Stops reading while too much waits, without leaving the group. */
    private void limitBuffer() {
        long waiting = lanes().stream().mapToLong(Lane::waitingBytes).sum();
        if (!full && waiting > settings.bufferedBytes()) {
            consumer.pause(ready());
            full = true;
        } else if (full && waiting < settings.bufferedBytes() / 2) {
            consumer.resume(ready());
            full = false;
        }
    }

    private List<TopicPartition> ready() {
        return shards.values().stream()
                .filter(Shard::ready)
                .map(Shard::topicPartition)
                .toList();
    }

    /** Has the next step computed: first of a planned round, then of the adapter whose turn is longest ago. */
    private void startNext(Instant now) {
        if (computing.isPresent()) {
            return;
        }
        RegistryView view = registry.view();
        List<Lane> order = new ArrayList<>(turns);
        order.sort(Comparator.comparing(
                lane -> lane.fold().flatMap(AdapterFold::pending).isEmpty()));
        for (Lane lane : order) {
            Optional<AdapterEntry> entry = view.adapter(lane.adapter());
            AdapterSettings adapterSettings = entry.map(AdapterEntry::settings).orElseGet(AdapterSettings::defaults);
            if (!lane.shard().ready() || !steps.canTrain(lane, entry)) {
                continue;
            }
            if (lane.cutReached() && !lane.fold().get().trainedSinceCut()) {
                lane.cutDone();
            }
            boolean paused = entry.map(AdapterEntry::paused).orElse(false);
            Optional<Due.Step> due =
                    Due.next(lane, adapterSettings, paused, outbox.published(lane, view), now, wall.instant());
            if (due.isPresent()) {
                turns.remove(lane);
                turns.add(lane);
                start(lane, due.get(), adapterSettings);
                return;
            }
        }
        steps.idle(lanes(), now, mailbox);
    }

    private void start(Lane lane, Due.Step step, AdapterSettings adapterSettings) {
        computing = Optional.of(lane);
        if (step == Due.Step.PLAN) {
            progress.started();
        }
        Task task = new Task(
                lane.adapter(),
                lane.shard().partition(),
                lane.fold(),
                adapterSettings,
                step == Due.Step.PLAN ? lane.firstWaiting(4 * adapterSettings.roundMaxExamples()) : List.of(),
                lane.fold()
                        .flatMap(f -> Due.cutReason(lane, f, adapterSettings, wall.instant()))
                        .orElse(""),
                lane.shard()::lost);
        Callable<Optional<Proposal>> computation = steps.of(step, task, lane.interruption(), lane.hopelessness());
        mailbox.compute(computation, result -> {
            computing = Optional.empty();
            if (!lane.shard().lost()) {
                settle(lane, step, result);
            }
        });
    }

    /** Writes what a step came to, or notes why it came to nothing. */
    private void settle(Lane lane, Due.Step step, Mailbox.Result<Optional<Proposal>> result) {
        Instant now = clock.instant();
        if (result.failure().isEmpty()) {
            progress.surroundings("");
            result.value().flatMap(Function.identity()).ifPresent(proposal -> write(lane, proposal));
            return;
        }
        Throwable failure = result.failure().get();
        if (failure instanceof Train.CancelledException) {
            return;
        }
        if (failure instanceof MillraceException e && (e.code().retryable() || OF_THE_STORE.contains(e.code()))) {
            progress.surroundings(e.getMessage());
            lane.pause(e.getMessage(), now);
            LOG.warn("adapter={} step={} waits: {}", lane.adapter(), step, e.getMessage());
        } else if (step == Due.Step.TRAIN) {
            LOG.error("adapter={} a round failed: {}", lane.adapter(), failure.toString(), failure);
            progress.roundFailed();
            if (failure instanceof MillraceException e && e.code() == ErrorCode.NON_FINITE) {
                lane.hopeless(e);
            } else {
                lane.interrupted(failure.toString());
            }
        } else {
            lane.pause(failure.toString(), now);
            LOG.error("adapter={} step={} failed: {}", lane.adapter(), step, failure.toString(), failure);
        }
    }

    private void write(Lane lane, Proposal proposal) {
        Shard shard = lane.shard();
        TopicPartition partition = shard.topicPartition();
        if (!consumer.assignment().contains(partition)) {
            return;
        }
        long timeMs = wall.millis();
        Shard.Next next = shard.after(proposal.events(), timeMs, consumer.position(partition));
        try {
            long end = ledger.write(
                    shard.partition(),
                    timeMs,
                    proposal,
                    Map.of(partition, new OffsetAndMetadata(next.uncovered())),
                    consumer.groupMetadata());
            Optional<AdapterFold> before = lane.fold();
            shard.written(next, end);
            lane.advance(clock.instant());
            proposal.events().forEach(event -> written(lane, before, event));
        } catch (Ledger.StaleMemberException e) {
            // Nothing was written. If the partition stays here, the same round is computed or written again.
            LOG.info("adapter={} partition={} the group has moved on; trying again", lane.adapter(), partition);
        }
    }

    private void written(Lane lane, Optional<AdapterFold> before, JournalRecord event) {
        if (event.hasVersionCut()) {
            lane.cutDone();
        }
        housekeeping.written(before, event);
        progress.written(lane.adapter(), lane.fold(), event);
    }

    private List<Lane> lanes() {
        return List.copyOf(turns);
    }

    private long lag(Shard shard) {
        return consumer.currentLag(shard.topicPartition()).orElse(0);
    }

    /** Partitions come and go; what isn't finished when one goes is dropped. */
    private final class Rebalance implements ConsumerRebalanceListener {
        @Override
        public void onPartitionsAssigned(Collection<TopicPartition> assigned) {
            joined = true;
            consumer.pause(assigned);
            for (TopicPartition partition : assigned) {
                Shard shard = new Shard(partition);
                shards.put(partition, shard);
                recoverLater(shard);
            }
        }

        @Override
        public void onPartitionsRevoked(Collection<TopicPartition> revoked) {
            giveUp(revoked, true);
        }

        @Override
        public void onPartitionsLost(Collection<TopicPartition> lost) {
            giveUp(lost, false);
        }
    }

    private void recoverLater(Shard shard) {
        mailbox.read(() -> recover.recover(shard.partition(), shard::lost), result -> {
            if (shard.lost()) {
                return;
            }
            if (result.failure().isPresent()) {
                LOG.warn(
                        "partition={} journal can't be read yet: {}",
                        shard.partition(),
                        result.failure().get().toString());
                progress.recovering(result.failure().get().toString());
                mailbox.later(clock.instant().plusSeconds(2), () -> recoverLater(shard));
                return;
            }
            shard.recovered(result.value().orElseThrow(), unharmed::remove);
            shard.lanes().forEach(turns::add);
            shard.committed(Math.max(0, consumer.position(shard.topicPartition())));
            if (!full) {
                consumer.resume(List.of(shard.topicPartition()));
            }
            LOG.info(
                    "partition={} recovered adapters={} pending={}",
                    shard.partition(),
                    shard.lanes().size(),
                    shard.fold().adapters().values().stream()
                            .filter(f -> f.round() instanceof Round.Planned)
                            .count());
        });
    }

    /** Drops unfinished rounds; while the partitions are still ours, stores their heads first. */
    private void giveUp(Collection<TopicPartition> partitions, boolean stillOurs) {
        for (TopicPartition partition : partitions) {
            Shard shard = shards.get(partition);
            if (shard == null) {
                continue;
            }
            shard.lose();
            if (stillOurs && shard.ready()) {
                for (Lane lane : shard.lanes()) {
                    handOver(lane);
                    checkpoint(lane);
                }
                mailbox.read(
                        () -> {
                            recover.store(shard.partition(), shard.fold());
                            return true;
                        },
                        stored -> {});
            }
            shards.remove(partition);
            turns.removeIf(lane -> lane.shard() == shard);
            shard.lanes().forEach(lane -> steps.forget(lane.adapter(), mailbox));
        }
    }

    private void handOver(Lane lane) {
        if (lane.interruption().isEmpty()) {
            lane.fold()
                    .flatMap(AdapterFold::pending)
                    .filter(round -> !round.handedOver())
                    .ifPresent(round -> write(lane, Rounds.handOver(lane.adapter(), round)));
        }
    }

    private void checkpoint(Lane lane) {
        if (lane.fold().map(AdapterFold::checkpointed).orElse(true)) {
            return;
        }
        mailbox.computeNow(steps.checkpoint(Task.ofHead(lane)), GIVE_UP)
                .flatMap(Function.identity())
                .ifPresent(proposal -> write(lane, proposal));
    }

    /** Gives everything up in good order. */
    void leave() {
        giveUp(List.copyOf(shards.keySet()), true);
        left = true;
    }

    /** Whatever is still being computed is in vain; that is no failure of these rounds. */
    @Override
    public void close() {
        shards.values().forEach(Shard::lose);
        turns.stream()
                .filter(lane -> lane.shard().ready() && lane.interruption().isEmpty())
                .forEach(lane -> lane.plannedRound().ifPresent(unharmed::add));
        // Who leaves in good order makes room at once; a worker that failed is expected back.
        consumer.close(CloseOptions.timeout(CLOSE)
                .withGroupMembershipOperation(
                        left
                                ? CloseOptions.GroupMembershipOperation.LEAVE_GROUP
                                : CloseOptions.GroupMembershipOperation.REMAIN_IN_GROUP));
    }
}
