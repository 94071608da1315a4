package io.millrace.trainer.worker;

import io.millrace.core.AdapterName;
import io.millrace.core.MillraceException;
import io.millrace.proto.internal.CuratedExample;
import io.millrace.proto.internal.PlannedRecord;
import io.millrace.trainer.protocol.AdapterFold;
import io.millrace.trainer.train.Plan.Waiting;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** One adapter's records on their way: those that wait, and what was noticed about the round. For the polling thread. */
final class Lane {
    private static final Duration FIRST_PAUSE = Duration.ofMillis(500);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);

    private final Shard shard;
    private final AdapterName adapter;
    private final Deque<Arrived> waiting = new ArrayDeque<>();
    private long waitingBytes;
    private Optional<String> interrupted = Optional.empty();
    private Optional<MillraceException> hopeless = Optional.empty();
    private OptionalLong cutAt = OptionalLong.empty();
    private Duration pause = Duration.ZERO;
    private Instant pausedUntil = Instant.EPOCH;
    private Instant heldUntil = Instant.EPOCH;
    private String trouble = "";
    private Instant lastUsed = Instant.EPOCH;

    private record Arrived(Waiting record, Instant at) {}

    Lane(Shard shard, AdapterName adapter) {
        this.shard = shard;
        this.adapter = adapter;
    }

    Shard shard() {
        return shard;
    }

    AdapterName adapter() {
        return adapter;
    }

    Optional<AdapterFold> fold() {
        return shard.fold(adapter);
    }

    Optional<Worker.PlannedRound> plannedRound() {
        return fold().flatMap(AdapterFold::pending)
                .map(p -> new Worker.PlannedRound(adapter, p.plan().getRound()));
    }

    /** A record of this adapter; what the head or a plan covers already, or waits already, is skipped. */
    void accept(long offset, CuratedExample example, Instant now) {
        if (offset <= covered()
                || (!waiting.isEmpty() && offset <= waiting.getLast().record().offset())) {
            return;
        }
        waiting.add(new Arrived(new Waiting(offset, example), now));
        waitingBytes += example.getSerializedSize();
    }

    private long covered() {
        return fold().map(f -> f.pending()
                        .map(p -> p.plan().getThrough())
                        .orElse(f.head().through()))
                .orElse(-1L);
    }

    /** Forgets the waiting records that the fold now covers. */
    void advance(Instant now) {
        long through = covered();
        while (!waiting.isEmpty() && waiting.peek().record().offset() <= through) {
            waitingBytes -= waiting.remove().record().example().getSerializedSize();
        }
        lastUsed = now;
        interrupted = Optional.empty();
        hopeless = Optional.empty();
        pause = Duration.ZERO;
        trouble = "";
    }

    List<Waiting> firstWaiting(int atMost) {
        List<Waiting> first = new ArrayList<>();
        for (Arrived next : waiting) {
            if (first.size() == atMost) {
                break;
            }
            first.add(next.record());
        }
        return first;
    }

    int waiting() {
        return waiting.size();
    }

    long waitingBytes() {
        return waitingBytes;
    }

    /** When the first of the waiting records arrived. */
    Optional<Instant> waitingSince() {
        return Optional.ofNullable(waiting.peek()).map(Arrived::at);
    }

    Instant lastUsed() {
        return lastUsed;
    }

    OptionalLong lowestUncovered(Optional<AdapterFold> by) {
        long through = by.map(f -> f.head().through()).orElse(-1L);
        Optional<PlannedRecord> planned =
                by.flatMap(AdapterFold::pending).map(p -> p.plan().getRecords(0));
        if (planned.isPresent()) {
            return OptionalLong.of(planned.get().getOffset());
        }
        return waiting.stream()
                .mapToLong(a -> a.record().offset())
                .filter(o -> o > through)
                .findFirst();
    }

    /** The planned round must be computed once more. */
    void interrupted(String reason) {
        interrupted = Optional.of(reason);
    }

    Optional<String> interruption() {
        return interrupted;
    }

    /** The planned round can't be computed, however often it is tried. */
    void hopeless(MillraceException reason) {
        hopeless = Optional.of(reason);
    }

    Optional<MillraceException> hopelessness() {
        return hopeless;
    }

    /** Asks for a version of all that waits now. */
    void requestCut() {
        cutAt = OptionalLong.of(
                waiting.isEmpty() ? covered() : waiting.getLast().record().offset());
    }

    boolean cutRequested() {
        return cutAt.isPresent();
    }

    /** Whether the head has reached what a requested version shall contain. */
    boolean cutReached() {
        return cutAt.isPresent()
                && fold().map(f -> f.head().through() >= cutAt.getAsLong()).orElse(false);
    }

    void cutDone() {
        cutAt = OptionalLong.empty();
    }

    /** Something around us failed: the adapter waits a while, each time longer. */
    void pause(String reason, Instant now) {
        pause = pause.isZero() ? FIRST_PAUSE : pause.multipliedBy(2);
        pause = pause.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : pause;
        pausedUntil = now.plus(pause);
        trouble = reason;
    }

    /** Plans no further round before that time, so that the head stays where it is. */
    void hold(Instant until) {
        heldUntil = until;
    }

    boolean held(Instant now) {
        return now.isBefore(heldUntil);
    }

    boolean paused(Instant now) {
        return now.isBefore(pausedUntil);
    }

    /** Why it waits; empty where nothing is wrong. */
    String trouble() {
        return trouble;
    }
}
