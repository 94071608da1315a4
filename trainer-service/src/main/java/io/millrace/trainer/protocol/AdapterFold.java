package io.millrace.trainer.protocol;

import io.millrace.core.Digest;
import io.millrace.proto.internal.AdapterSnapshot;
import io.millrace.proto.internal.CheckpointStored;
import io.millrace.proto.internal.ComputedRound;
import io.millrace.proto.internal.ExamplesForgotten;
import io.millrace.proto.internal.HeadReplaced;
import io.millrace.proto.internal.JournalRecord;
import io.millrace.proto.internal.RoundCommitted;
import io.millrace.proto.internal.RoundPlanned;
import io.millrace.proto.internal.RoundRebased;
import io.millrace.proto.internal.RoundSummary;
import io.millrace.proto.internal.VersionCut;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What the journal says of one adapter.
 *
 * @param round where it stands
 * @param checkpoints the last three, oldest first
 * @param computed committed rounds after the oldest of these checkpoints (all, where there is none), oldest first: what
 *     must be computed again if the later checkpoints are lost
 * @param lastCut the version that was cut last
 * @param sinceCut rounds since then
 * @param lastCutMs time of its record; of the adapter's first record where no version was cut yet
 * @param lastRoundMs time of the last commit
 * @param lastCheckpointMs time of the last checkpoint's record, 0 where there is none
 * @param fingerprint what the head's bits come from
 */
public record AdapterFold(
        Round round,
        List<CheckpointStored> checkpoints,
        List<ComputedRound> computed,
        Optional<VersionCut> lastCut,
        List<RoundSummary> sinceCut,
        long lastCutMs,
        long lastRoundMs,
        long lastCheckpointMs,
        String fingerprint) {

    /** Checkpoints kept in the store. */
    public static final int CHECKPOINTS = 3;

    public AdapterFold {
        checkpoints = List.copyOf(checkpoints);
        computed = List.copyOf(computed);
        sinceCut = List.copyOf(sinceCut);
    }

    public static AdapterFold start(Head genesis, long timeMs) {
        return new AdapterFold(
                new Round.Collecting(genesis),
                List.of(),
                List.of(),
                Optional.empty(),
                List.of(),
                timeMs,
                timeMs,
                0,
                "");
    }

    public Head head() {
        return round.head();
    }

    /** The stored heads to start from, the latest first. */
    public Optional<CheckpointStored> lastCheckpoint() {
        return checkpoints.isEmpty() ? Optional.empty() : Optional.of(checkpoints.get(checkpoints.size() - 1));
    }

    /** Committed rounds that a checkpoint of that round doesn't contain. */
    public List<ComputedRound> computedAfter(long checkpointedRound) {
        return computed.stream()
                .filter(c -> c.getPlanned().getRound() > checkpointedRound)
                .toList();
    }

    /** Whether a version of the head would differ from the last one. */
    public boolean trainedSinceCut() {
        return sinceCut.stream().anyMatch(round -> round.getExamples() > 0);
    }

    public boolean checkpointed() {
        return lastCheckpoint()
                .map(c -> c.getHead().getStateSha256().equals(head().state().getStateSha256()))
                .orElse(head().untrained());
    }

    /**
     * The fold after one more record.
     *
     * @throws io.millrace.core.MillraceException {@code incompatible_log} where the record can't follow this state
     */
    public AdapterFold apply(JournalRecord record, long timeMs) {
        return switch (record.getEventCase()) {
            case ROUND_PLANNED -> planned(record.getRoundPlanned());
            case ROUND_COMMITTED -> committed(record.getRoundCommitted(), timeMs);
            case ROUND_RETRIED ->
                pending()
                        .map(planned -> with(planned.retried(record.getRoundRetried())))
                        .orElse(this);
            case ROUND_ABANDONED ->
                pending()
                        .map(planned -> with(planned.abandoned(record.getRoundAbandoned())))
                        .orElse(this);
            case ROUND_REBASED -> rebased(record.getRoundRebased());
            case HEAD_REPLACED -> replaced(record.getHeadReplaced());
            case EXAMPLES_FORGOTTEN -> forgotten(record.getExamplesForgotten(), timeMs);
            case CHECKPOINT_STORED -> checkpointed(record.getCheckpointStored(), timeMs);
            case VERSION_CUT -> cut(record.getVersionCut(), timeMs);
            case EVENT_NOT_SET -> this;
        };
    }

    public Optional<Round.Planned> pending() {
        return round instanceof Round.Planned planned ? Optional.of(planned) : Optional.empty();
    }

    /** The first plan of a round stands; one that a worker wrote after it lost the partition changes nothing. */
    private AdapterFold planned(RoundPlanned plan) {
        if (round instanceof Round.Collecting collecting && plan.getRound() > head().round()) {
            return with(collecting.planned(plan));
        }
        return this;
    }

    private AdapterFold committed(RoundCommitted commit, long timeMs) {
        if (!(round instanceof Round.Planned planned)
                || commit.getRound() != planned.plan().getRound()) {
            return this;
        }
        List<ComputedRound> rounds = new ArrayList<>(computed);
        rounds.add(ComputedRound.newBuilder()
                .setPlanned(planned.plan())
                .setCommitted(commit)
                .build());
        List<RoundSummary> summaries = new ArrayList<>(sinceCut);
        summaries.add(RoundSummary.newBuilder()
                .setRound(commit.getRound())
                .setArchiveSha256(planned.plan().getArchiveSha256())
                .setPlanSha256(Digest.of(planned.plan().toByteArray()).hex())
                .setHeadSha256(commit.getHeadSha256())
                .setFingerprint(commit.getFingerprint())
                .setExamples(commit.getLossesCount())
                .setLossSum(commit.getLossesList().stream()
                        .mapToDouble(Double::doubleValue)
                        .sum())
                .build());
        return new AdapterFold(
                planned.committed(commit),
                checkpoints,
                rounds,
                lastCut,
                summaries,
                lastCutMs,
                timeMs,
                lastCheckpointMs,
                commit.getFingerprint());
    }

    private AdapterFold rebased(RoundRebased rebased) {
        if (!rebased.getOldHeadSha256().equals(head().digest().hex())) {
            return this;
        }
        return new AdapterFold(
                round.rebased(new Digest(rebased.getNewStateSha256())),
                checkpoints,
                computed,
                lastCut,
                sinceCut,
                lastCutMs,
                lastRoundMs,
                lastCheckpointMs,
                rebased.getNewFingerprint());
    }

    private AdapterFold replaced(HeadReplaced replaced) {
        if (!replaced.getOldHeadSha256().equals(head().digest().hex())) {
            return this;
        }
        CheckpointStored stored = CheckpointStored.newBuilder()
                .setHead(replaced.getHead())
                .setStateBlobSha256(replaced.getStateBlobSha256())
                .setBeginsStretch(true)
                .build();
        return new AdapterFold(
                new Round.Collecting(new Head(replaced.getHead())),
                List.of(stored),
                List.of(),
                lastCut,
                List.of(),
                lastCutMs,
                lastRoundMs,
                lastCheckpointMs,
                fingerprint);
    }

    /** Rounds before this can't be computed again: the head that was stored with it is what all goes on from. */
    private AdapterFold forgotten(ExamplesForgotten forgotten, long timeMs) {
        if (!(round instanceof Round.Collecting)
                || !forgotten.getOldHeadSha256().equals(head().digest().hex())) {
            return this;
        }
        Head next = head().forgetting(forgotten.getExampleIdsList());
        List<CheckpointStored> stored = forgotten.getStateBlobSha256().isEmpty()
                ? List.of()
                : List.of(CheckpointStored.newBuilder()
                        .setHead(next.state())
                        .setStateBlobSha256(forgotten.getStateBlobSha256())
                        .setSizeBytes(forgotten.getSizeBytes())
                        .setFingerprint(forgotten.getFingerprint())
                        .setBeginsStretch(true)
                        .build());
        return new AdapterFold(
                new Round.Collecting(next),
                stored,
                List.of(),
                lastCut,
                sinceCut,
                lastCutMs,
                lastRoundMs,
                stored.isEmpty() ? lastCheckpointMs : timeMs,
                fingerprint);
    }

    private AdapterFold checkpointed(CheckpointStored stored, long timeMs) {
        List<CheckpointStored> kept = new ArrayList<>(checkpoints);
        kept.removeIf(c -> c.getHead().getRound() == stored.getHead().getRound());
        kept.add(stored);
        List<CheckpointStored> last = kept.subList(Math.max(0, kept.size() - CHECKPOINTS), kept.size());
        long oldest = last.get(0).getHead().getRound();
        return new AdapterFold(
                round, last, computedAfter(oldest), lastCut, sinceCut, lastCutMs, lastRoundMs, timeMs, fingerprint);
    }

    private AdapterFold cut(VersionCut cut, long timeMs) {
        List<RoundSummary> later =
                sinceCut.stream().filter(s -> s.getRound() > cut.getRound()).toList();
        return new AdapterFold(
                round,
                checkpoints,
                computed,
                Optional.of(cut),
                later,
                timeMs,
                lastRoundMs,
                lastCheckpointMs,
                fingerprint);
    }

    private AdapterFold with(Round next) {
        return new AdapterFold(
                next, checkpoints, computed, lastCut, sinceCut, lastCutMs, lastRoundMs, lastCheckpointMs, fingerprint);
    }

    public AdapterSnapshot toSnapshot() {
        AdapterSnapshot.Builder snapshot = AdapterSnapshot.newBuilder()
                .setHead(head().state())
                .addAllCheckpoints(checkpoints)
                .addAllRounds(computed)
                .addAllRoundsSinceCut(sinceCut)
                .setLastCutMs(lastCutMs)
                .setLastRoundMs(lastRoundMs)
                .setLastCheckpointMs(lastCheckpointMs)
                .setFingerprint(fingerprint);
        lastCut.ifPresent(snapshot::setLastCut);
        pending()
                .ifPresent(p ->
                        snapshot.setPending(p.plan()).setRetries(p.retries()).setHandedOver(p.handedOver()));
        return snapshot.build();
    }

    public static AdapterFold of(AdapterSnapshot snapshot) {
        Head head = new Head(snapshot.getHead());
        return new AdapterFold(
                snapshot.hasPending()
                        ? new Round.Planned(
                                head, snapshot.getPending(), snapshot.getRetries(), snapshot.getHandedOver())
                        : new Round.Collecting(head),
                snapshot.getCheckpointsList(),
                snapshot.getRoundsList(),
                snapshot.hasLastCut() ? Optional.of(snapshot.getLastCut()) : Optional.empty(),
                snapshot.getRoundsSinceCutList(),
                snapshot.getLastCutMs(),
                snapshot.getLastRoundMs(),
                snapshot.getLastCheckpointMs(),
                snapshot.getFingerprint());
    }
}
