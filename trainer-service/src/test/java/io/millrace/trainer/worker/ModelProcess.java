package io.millrace.trainer.worker;

import io.millrace.core.AdapterName;
import io.millrace.core.AdapterSettings;
import io.millrace.proto.internal.CuratedExample;
import io.millrace.trainer.protocol.AdapterFold;
import io.millrace.trainer.protocol.JournalFold;
import io.millrace.trainer.protocol.Round;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.apache.kafka.common.TopicPartition;

/**
 * A trainer's process in the model: what {@link Worker} does between two calls of Kafka, with the real {@link Shard},
 * {@link Lane} and {@link Due} deciding. It can stop between any two steps.
 */
final class ModelProcess {
    static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");
    static final long NOW_MS = NOW.toEpochMilli();
    private static final Instant ARRIVED = NOW.minus(Duration.ofMinutes(1));
    private static final TopicPartition PARTITION = new TopicPartition("curated", 0);

    /** How far the recovery of the partition is. */
    enum Recovery {
        BEGUN,
        OFFSETS_STABLE,
        END_KNOWN,
        DONE
    }

    /** What it is doing. */
    sealed interface Activity {
        Proposal NOTHING = Proposal.of(AdapterName.parse("t/none"), List.of());

        /** What is to be written. */
        Proposal proposal();

        record Idle() implements Activity {
            @Override
            public Proposal proposal() {
                return NOTHING;
            }
        }

        /** A step's result waits to be written. */
        record Computed(Proposal proposal) implements Activity {}

        /** The transaction is open. Its records and its offsets are under way at once, and arrive in either order. */
        record Open(Proposal proposal, int txn, Shard.Next next, boolean appended, boolean reported)
                implements Activity {}
    }

    final String name;
    int incarnation;
    boolean alive;
    boolean joined;
    int epoch;
    int generation;
    boolean assigned;
    boolean revoked;
    boolean mustPoll;
    Recovery recovery = Recovery.BEGUN;
    long recoveryEnd;
    long position = -1;
    Activity activity = new Activity.Idle();
    List<Proposal> lastWords = List.of();
    private List<Consumer<Shard>> past = List.of();
    private Set<Worker.PlannedRound> unharmed = Set.of();
    private Shard shard = new Shard(PARTITION);

    ModelProcess(String name) {
        this.name = name;
    }

    ModelProcess copy() {
        ModelProcess copy = new ModelProcess(name);
        copy.incarnation = incarnation;
        copy.alive = alive;
        copy.joined = joined;
        copy.epoch = epoch;
        copy.generation = generation;
        copy.assigned = assigned;
        copy.revoked = revoked;
        copy.mustPoll = mustPoll;
        copy.recovery = recovery;
        copy.recoveryEnd = recoveryEnd;
        copy.position = position;
        copy.activity = activity;
        copy.lastWords = lastWords;
        copy.unharmed = unharmed;
        past.forEach(copy::change);
        return copy;
    }

    /** Shard and lanes are mutable: a copy goes through the same changes. */
    private void change(Consumer<Shard> change) {
        List<Consumer<Shard>> longer = new ArrayList<>(past);
        longer.add(change);
        past = longer;
        change.accept(shard);
    }

    Shard shard() {
        return shard;
    }

    boolean idle() {
        return activity instanceof Activity.Idle;
    }

    /** Between two turns of its loop: no transaction is under way. */
    boolean betweenTurns() {
        return idle() || activity instanceof Activity.Computed;
    }

    void crash() {
        alive = false;
        unharmed = Set.of();
        forgetPartition();
        joined = false;
    }

    /** A new process, or a new worker in the process that one failed in. */
    void start(ModelKafka kafka) {
        if (alive) {
            Set<Worker.PlannedRound> left = new HashSet<>(unharmed);
            if (recovery == Recovery.DONE) {
                shard.lanes().stream()
                        .filter(lane -> lane.interruption().isEmpty())
                        .forEach(lane -> lane.plannedRound().ifPresent(left::add));
            }
            unharmed = left;
        }
        forgetPartition();
        alive = true;
        joined = false;
        mustPoll = false;
        incarnation++;
        epoch = kafka.initTransactions(name);
    }

    void assign() {
        forgetPartition();
        assigned = true;
    }

    void forgetPartition() {
        assigned = false;
        revoked = false;
        recovery = Recovery.BEGUN;
        recoveryEnd = 0;
        position = -1;
        activity = new Activity.Idle();
        lastWords = List.of();
        past = List.of();
        shard = new Shard(PARTITION);
    }

    void recovered(JournalFold fold) {
        Set<Worker.PlannedRound> spared = unharmed;
        unharmed = Set.of();
        recovery = Recovery.DONE;
        long committed = position;
        change(s -> {
            s.recovered(fold, spared::contains);
            s.committed(committed);
        });
    }

    void accept(long offset, CuratedExample example) {
        change(s -> s.lane(AdapterName.parse(example.getAdapter())).accept(offset, example, ARRIVED));
    }

    void written(AdapterName adapter, Shard.Next next, long end) {
        change(s -> {
            s.written(next, end);
            s.lane(adapter).advance(NOW);
        });
    }

    void failed(AdapterName adapter) {
        change(s -> s.lane(adapter).interrupted("the round failed"));
    }

    /** The partition is to be given up: what is being computed is dropped, planned rounds are handed over. */
    void revoke() {
        revoked = true;
        activity = new Activity.Idle();
        lastWords = recovery != Recovery.DONE
                ? List.of()
                : shard.lanes().stream()
                        .filter(lane -> lane.interruption().isEmpty())
                        .flatMap(lane -> lane.fold().flatMap(AdapterFold::pending).stream()
                                .filter(round -> !round.handedOver())
                                .map(round -> Rounds.handOver(lane.adapter(), round)))
                        .toList();
    }

    /** The step that is due for a lane. */
    Optional<Due.Step> due(Lane lane) {
        return Due.next(lane, AdapterSettings.defaults(), false, true, NOW, NOW);
    }

    /** Equal for states from which the same can follow. */
    String key(ModelKafka kafka) {
        StringBuilder key = new StringBuilder(name)
                .append(alive)
                .append(joined)
                .append(alive && kafka.current(name, epoch))
                .append(joined && kafka.member(name, incarnation))
                .append(joined && kafka.generation() == generation)
                .append(assigned)
                .append(revoked)
                .append(mustPoll)
                .append(recovery)
                .append(kafka.place(recoveryEnd))
                .append(position)
                .append(activity.getClass().getSimpleName())
                .append(lastWords.size())
                .append(unharmed);
        activity.proposal().events().forEach(e -> key.append(e.getAdapter()).append(e.getEventCase()));
        if (activity instanceof Activity.Open open) {
            key.append(open.appended()).append(open.reported());
        }
        if (recovery == Recovery.DONE) {
            key.append(kafka.place(shard.fold().nextOffset())).append('/').append(shard.committed());
            for (Lane lane : shard.lanes()) {
                key.append(lane.adapter()).append(lane.interruption().isPresent());
                lane.firstWaiting(9).forEach(w -> key.append(w.offset()).append(','));
                lane.fold()
                        .map(AdapterFold::round)
                        .filter(Round.Planned.class::isInstance)
                        .ifPresent(r -> key.append('p'));
            }
        }
        return key.toString();
    }
}
