package io.millrace.trainer.worker;

import io.millrace.core.AdapterName;
import io.millrace.proto.internal.JournalRecord;
import io.millrace.trainer.protocol.AdapterFold;
import io.millrace.trainer.protocol.JournalFold;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.apache.kafka.common.TopicPartition;

/**
 * One assigned partition of the curated examples, with the same partition of the journal. For the polling thread alone,
 * but for {@link #lost()}.
 */
final class Shard {
    private final TopicPartition partition;
    private final SortedMap<AdapterName, Lane> lanes = new TreeMap<>();
    private Optional<JournalFold> fold = Optional.empty();
    private long snapshotAt;
    private long deletedBefore;
    private long committed;
    private volatile boolean lost;

    Shard(TopicPartition partition) {
        this.partition = partition;
    }

    TopicPartition topicPartition() {
        return partition;
    }

    int partition() {
        return partition.partition();
    }

    /** Whether the journal was read; until then nothing is taken from the partition. */
    boolean ready() {
        return fold.isPresent();
    }

    /** Whether another worker may have the partition. */
    boolean lost() {
        return lost;
    }

    void lose() {
        lost = true;
    }

    /** @param unharmed whether a planned round was left by an earlier worker of this process that hadn't failed at it */
    void recovered(JournalFold recovered, Predicate<Worker.PlannedRound> unharmed) {
        fold = Optional.of(recovered);
        snapshotAt = recovered.nextOffset();
        recovered.adapters().keySet().forEach(name -> {
            Lane lane = lane(name);
            lane.plannedRound()
                    .filter(round -> !unharmed.test(round))
                    .ifPresent(round -> lane.interrupted("the worker ended before the round was computed"));
        });
    }

    JournalFold fold() {
        return fold.orElseThrow();
    }

    /**
     * What a transaction leads to.
     *
     * @param uncovered the offset to commit with it
     */
    record Next(JournalFold fold, long uncovered) {}

    /**
     * The journal's fold after more records, and the offset that goes with it; nothing changes here.
     *
     * @param fetched offset of the next record to be fetched
     */
    Next after(List<JournalRecord> events, long timeMs, long fetched) {
        JournalFold next = fold();
        for (JournalRecord event : events) {
            next = next.apply(next.nextOffset(), timeMs, event);
        }
        return new Next(next, Math.max(committed, uncovered(next, fetched)));
    }

    /**
     * The transaction was committed.
     *
     * @param end the journal's offset after its records
     */
    void written(Next next, long end) {
        fold = Optional.of(new JournalFold(end, next.fold().adapters()));
        committed = next.uncovered();
    }

    Optional<AdapterFold> fold(AdapterName adapter) {
        return fold().adapter(adapter);
    }

    Lane lane(AdapterName adapter) {
        return lanes.computeIfAbsent(adapter, name -> new Lane(this, name));
    }

    Optional<Lane> existingLane(AdapterName adapter) {
        return Optional.ofNullable(lanes.get(adapter));
    }

    Collection<Lane> lanes() {
        return lanes.values();
    }

    /**
     * The lowest offset that a fold doesn't cover yet: where another worker has to go on.
     *
     * @param fetched offset of the next record to be fetched
     */
    private long uncovered(JournalFold by, long fetched) {
        // Of what wasn't fetched yet nothing is known, whatever later records a planned round has.
        return lanes.values().stream()
                .mapToLong(
                        lane -> lane.lowestUncovered(by.adapter(lane.adapter())).orElse(fetched))
                .reduce(fetched, Math::min);
    }

    /** Journal records since the last stored snapshot. */
    long recordsSinceSnapshot() {
        return fold().nextOffset() - snapshotAt;
    }

    void snapshotTaken() {
        snapshotAt = fold().nextOffset();
    }

    long committed() {
        return committed;
    }

    void committed(long offset) {
        committed = offset;
    }

    /** Whether there is something to delete before the committed position; said once for each position. */
    boolean deletable() {
        boolean grown = committed > deletedBefore;
        deletedBefore = committed;
        return grown;
    }
}
