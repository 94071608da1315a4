package io.millrace.trainer.worker;

import io.millrace.proto.internal.JournalRecord;
import io.millrace.trainer.protocol.JournalFold;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Kafka in memory, as far as the protocol rests on it: one partition of the journal with transactions, one group with one
 * partition to give away, its committed offset. Each method is one thing that a broker does at once.
 */
final class ModelKafka {
    /** What Kafka guarantees and this one, on purpose, doesn't. */
    enum Weakness {
        /** Offsets are taken from whoever sends them, member or not. */
        NO_GENERATION_CHECK,
        /** A producer's earlier incarnations can go on. */
        NO_PRODUCER_FENCING,
        /** The committed offset is answered while a transaction may still change it. */
        UNSTABLE_OFFSETS,
        /** Readers see records of transactions that aren't committed. */
        DIRTY_READS
    }

    /** The producer's epoch or the transaction is over. */
    static final class FencedException extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    /** The group has moved on. */
    static final class StaleException extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    private enum Fate {
        OPEN,
        COMMITTED,
        ABORTED
    }

    private record Txn(String producer, int epoch, Fate fate, OptionalLong offset, List<Long> outcomes) {
        Txn ended(Fate end) {
            return new Txn(producer, epoch, end, offset, outcomes);
        }
    }

    /** @param record empty for a transaction's marker */
    private record Slot(int txn, Optional<JournalRecord> record) {}

    private final Set<Weakness> weaknesses;
    private final List<Txn> txns = new ArrayList<>();
    private final List<Slot> journal = new ArrayList<>();
    private final SortedMap<String, Integer> epochs = new TreeMap<>();
    private final SortedMap<String, Integer> members = new TreeMap<>();
    private int generation;
    private String owner = "";
    private String wanted = "";
    private long committed;
    private Optional<JournalFold> snapshot = Optional.empty();

    ModelKafka(Set<Weakness> weaknesses) {
        this.weaknesses = weaknesses.isEmpty() ? EnumSet.noneOf(Weakness.class) : EnumSet.copyOf(weaknesses);
    }

    ModelKafka copy() {
        ModelKafka copy = new ModelKafka(weaknesses);
        copy.txns.addAll(txns);
        copy.journal.addAll(journal);
        copy.epochs.putAll(epochs);
        copy.members.putAll(members);
        copy.generation = generation;
        copy.owner = owner;
        copy.wanted = wanted;
        copy.committed = committed;
        copy.snapshot = snapshot;
        return copy;
    }

    // Transactions.

    /** Fences whoever had the id, ends what it left open, and returns the new epoch. */
    int initTransactions(String producer) {
        if (!weaknesses.contains(Weakness.NO_PRODUCER_FENCING)) {
            for (int t = 0; t < txns.size(); t++) {
                if (txns.get(t).producer().equals(producer) && txns.get(t).fate() == Fate.OPEN) {
                    end(t, Fate.ABORTED);
                }
            }
        }
        return epochs.merge(producer, 1, Integer::sum);
    }

    /** Begins a transaction and returns its number. */
    int begin(String producer, int epoch) {
        requireEpoch(producer, epoch);
        txns.add(new Txn(producer, epoch, Fate.OPEN, OptionalLong.empty(), List.of()));
        return txns.size() - 1;
    }

    /** Appends to the journal. */
    void append(int txn, List<JournalRecord> records) {
        requireOpen(txn);
        records.forEach(record -> journal.add(new Slot(txn, Optional.of(record))));
    }

    /** Adds outcomes and the group's offset to the transaction. */
    void report(int txn, List<Long> outcomes, long offset, String member, int incarnation, int itsGeneration) {
        requireOpen(txn);
        boolean current = members.getOrDefault(member, -1) == incarnation && itsGeneration == generation;
        if (!current && !weaknesses.contains(Weakness.NO_GENERATION_CHECK)) {
            throw new StaleException();
        }
        Txn open = txns.get(txn);
        txns.set(txn, new Txn(open.producer(), open.epoch(), Fate.OPEN, OptionalLong.of(offset), outcomes));
    }

    /** Returns the journal's offset after the transaction's records. */
    long commit(int txn) {
        requireOpen(txn);
        long after = 0;
        for (int i = 0; i < journal.size(); i++) {
            if (journal.get(i).txn() == txn) {
                after = i + 1L;
            }
        }
        txns.get(txn).offset().ifPresent(offset -> committed = offset);
        end(txn, Fate.COMMITTED);
        return after;
    }

    void abort(int txn) {
        if (txns.get(txn).fate() == Fate.OPEN) {
            end(txn, Fate.ABORTED);
        }
    }

    /** Open for too long: the coordinator ends it, and its producer can't go on. */
    void timeOut(int txn) {
        end(txn, Fate.ABORTED);
        epochs.merge(txns.get(txn).producer(), 1, Integer::sum);
    }

    /** The producer's open transaction. */
    OptionalLong open(String producer) {
        for (int t = 0; t < txns.size(); t++) {
            if (txns.get(t).fate() == Fate.OPEN && txns.get(t).producer().equals(producer)) {
                return OptionalLong.of(t);
            }
        }
        return OptionalLong.empty();
    }

    private void end(int txn, Fate fate) {
        txns.set(txn, txns.get(txn).ended(fate));
        journal.add(new Slot(txn, Optional.empty()));
    }

    private void requireOpen(int txn) {
        requireEpoch(txns.get(txn).producer(), txns.get(txn).epoch());
        if (txns.get(txn).fate() != Fate.OPEN) {
            throw new FencedException();
        }
    }

    private void requireEpoch(String producer, int epoch) {
        if (epochs.get(producer) != epoch && !weaknesses.contains(Weakness.NO_PRODUCER_FENCING)) {
            throw new FencedException();
        }
    }

    // The group.

    /** A static member comes, or comes back as another incarnation; returns the group's generation. */
    int join(String member, int incarnation) {
        boolean known = members.put(member, incarnation) != null;
        if (!known) {
            generation++;
        }
        if (owner.isEmpty()) {
            give(member);
        }
        return generation;
    }

    /** The member's session has expired. */
    void expel(String member) {
        members.remove(member);
        generation++;
        if (owner.equals(member)) {
            give(members.isEmpty() ? "" : members.firstKey());
        }
    }

    /** The assignor wants the partition elsewhere; its owner hears of it at its next poll. */
    void want(String member) {
        wanted = member;
    }

    /** The owner has given the partition up. */
    void release() {
        generation++;
        give(wanted);
    }

    private void give(String member) {
        owner = member;
        wanted = member;
    }

    boolean member(String member, int incarnation) {
        return members.getOrDefault(member, -1) == incarnation;
    }

    Set<String> members() {
        return members.keySet();
    }

    int generation() {
        return generation;
    }

    String owner() {
        return owner;
    }

    String wanted() {
        return wanted;
    }

    // Reading.

    /** Whether the committed offset can be answered: no transaction may still change it. */
    boolean offsetStable() {
        return weaknesses.contains(Weakness.UNSTABLE_OFFSETS)
                || txns.stream()
                        .noneMatch(t -> t.fate() == Fate.OPEN && t.offset().isPresent());
    }

    long committed() {
        return committed;
    }

    long journalEnd() {
        return journal.size();
    }

    /** Whether a reader of committed records gets to this offset. */
    boolean readable(long end) {
        return weaknesses.contains(Weakness.DIRTY_READS)
                || journal.subList(0, (int) end).stream()
                        .noneMatch(s -> txns.get(s.txn()).fate() == Fate.OPEN);
    }

    /** The fold of what a reader of committed records sees in front of an offset. */
    JournalFold fold(JournalFold from, long end, long timeMs) {
        JournalFold fold = from;
        for (int i = (int) from.nextOffset(); i < end; i++) {
            Fate fate = txns.get(journal.get(i).txn()).fate();
            boolean seen = fate == Fate.COMMITTED || weaknesses.contains(Weakness.DIRTY_READS);
            if (seen && journal.get(i).record().isPresent()) {
                fold = fold.apply(i, timeMs, journal.get(i).record().get());
            }
        }
        return fold;
    }

    /** Committed records, in order. */
    List<JournalRecord> committedRecords() {
        return journal.stream()
                .filter(s -> txns.get(s.txn()).fate() == Fate.COMMITTED)
                .flatMap(s -> s.record().stream())
                .toList();
    }

    /** Offsets of the input records that have a committed outcome, one for each outcome. */
    List<Long> outcomes() {
        return txns.stream()
                .filter(t -> t.fate() == Fate.COMMITTED)
                .flatMap(t -> t.outcomes().stream())
                .toList();
    }

    Optional<JournalFold> snapshot() {
        return snapshot;
    }

    void snapshot(JournalFold fold) {
        snapshot = Optional.of(JournalFold.of(fold.toSnapshot()));
    }

    /** Where an offset is among the records that can still be read: aborted ones and markers make no difference. */
    long place(long offset) {
        return journal.subList(0, (int) Math.min(offset, journal.size())).stream()
                .filter(this::readable)
                .count();
    }

    private boolean readable(Slot slot) {
        return slot.record().isPresent() && txns.get(slot.txn()).fate() != Fate.ABORTED;
    }

    boolean current(String producer, int epoch) {
        return epochs.getOrDefault(producer, 0) == epoch;
    }

    /** Equal for states from which the same can follow. */
    String key() {
        StringBuilder key = new StringBuilder();
        journal.stream().filter(this::readable).forEach(s -> key.append(
                        txns.get(s.txn()).fate())
                .append(s.record().get().getEventCase())
                .append(s.record().get().getAdapter())
                .append(s.record().get().getRoundRetried().getAttempt()));
        txns.stream().filter(t -> t.fate() == Fate.OPEN).forEach(t -> key.append(t.producer())
                .append(current(t.producer(), t.epoch()))
                .append(t.offset())
                .append(t.outcomes()));
        return key.append(outcomes())
                .append(members.keySet())
                .append(owner)
                .append('>')
                .append(wanted)
                .append(committed)
                .append(snapshot.map(s -> place(s.nextOffset())))
                .toString();
    }
}
