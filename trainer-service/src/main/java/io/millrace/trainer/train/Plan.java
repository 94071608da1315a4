package io.millrace.trainer.train;

import io.millrace.core.AdapterSettings;
import io.millrace.core.BaseDescription;
import io.millrace.core.ReplaySettings;
import io.millrace.engine.text.TrainingSequence;
import io.millrace.proto.internal.CuratedExample;
import io.millrace.proto.internal.Hyperparameters;
import io.millrace.proto.internal.PlannedRecord;
import io.millrace.proto.internal.PlannedRecord.Disposition;
import io.millrace.proto.internal.RoundPlanned;
import io.millrace.trainer.protocol.Head;
import io.millrace.trainer.protocol.Seeds;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Fixes what the next round of an adapter trains: the waiting records in offset order until the round is full, the
 * examples to replay, seed and hyperparameters; and archives the examples. Nothing is on record until the plan is
 * written to the journal.
 */
public final class Plan {
    /** Records of a round at most, for each example that it may train: the others are held out or refused. */
    private static final int RECORDS_PER_EXAMPLE = 4;

    private final BaseDescription base;
    private final String fingerprint;
    private final Admission admission;
    private final Archives archives;

    /** A waiting record of the topic {@code curated}. */
    public record Waiting(long offset, CuratedExample example) {}

    public Plan(BaseDescription base, String fingerprint, Examples examples, Archives archives) {
        this.base = base;
        this.fingerprint = fingerprint;
        this.admission = new Admission(examples);
        this.archives = archives;
    }

    /**
     * @param waiting at least one, in offset order, all after what the head covers
     * @param afterIdle whether the adapter had no round for so long that its learning rate shall rise anew
     */
    public RoundPlanned plan(Head head, AdapterSettings settings, List<Waiting> waiting, boolean afterIdle) {
        long round = head.round() + 1;
        long seed = Seeds.ofRound(head.state().getGenesis().getSeed(), round);
        TakenOut out = TakenOut.of(head);
        List<PlannedRecord> records = take(out, settings, waiting);
        List<CuratedExample> taken = waiting.subList(0, records.size()).stream()
                .map(Waiting::example)
                .map(example -> out.forgotten().contains(example.getExampleId()) ? Archives.erased(example) : example)
                .toList();
        Set<String> fresh = new HashSet<>();
        records.stream().filter(r -> r.getDisposition() == Disposition.FRESH).forEach(r -> fresh.add(r.getExampleId()));
        double share = replayShare(head, settings.replay());
        return RoundPlanned.newBuilder()
                .setRound(round)
                .setSourcePartition(head.state().getSourcePartition())
                .setFrom(head.through())
                .setThrough(records.get(records.size() - 1).getOffset())
                .addAllRecords(records)
                .setArchiveSha256(archives.put(taken).hex())
                .addAllReplayed(head.replayed(seed, replays(share, fresh.size(), settings.microBatch()), fresh))
                .setReplayShare(share)
                .setSeed(seed)
                .setHyperparameters(Hyperparameters.newBuilder()
                        .setLearningRate(settings.learningRate().orElse(base.defaultLearningRate()))
                        .setWarmupSteps(settings.warmupSteps())
                        .setClip(settings.clip())
                        .setMicroBatch(settings.microBatch())
                        .setMaxLength(settings.maxLength())
                        .setAverageDecay(settings.averageDecay())
                        .setReservoirExamples(settings.replay().reservoirExamples())
                        .setDriftThreshold(settings.driftThreshold())
                        .setReplay(settings.replay().share())
                        .setReplayAfterShift(settings.replay().afterShift())
                        .setReplayShiftRounds(settings.replay().shiftRounds()))
                .setAfterIdle(afterIdle)
                .setWarmupFromStep(afterIdle ? head.state().getStep() : head.warmupFromStep())
                .setFingerprint(fingerprint)
                .setStartHeadSha256(head.digest().hex())
                .setGenesis(head.state().getGenesis())
                .build();
    }

    private static double replayShare(Head head, ReplaySettings settings) {
        return head.shiftedWithin(settings.shiftRounds()) ? settings.afterShift() : settings.share();
    }

    /**
     * The share, and as many more as fill the round's last step, though no more than there are fresh ones: a whole step
     * moves the weights as far as one of a few rows, and forgets less.
     */
    private static int replays(double share, int fresh, int microBatch) {
        if (share == 0) {
            return 0;
        }
        int asked = (int) Math.round(share * fresh);
        int missing = Math.floorMod(-(fresh + asked), microBatch);
        return Math.max(asked, Math.min(asked + missing, fresh));
    }

    private List<PlannedRecord> take(TakenOut out, AdapterSettings settings, List<Waiting> waiting) {
        List<PlannedRecord> records = new ArrayList<>();
        int fresh = 0;
        long tokens = 0;
        for (Waiting next : waiting) {
            PlannedRecord.Builder record = PlannedRecord.newBuilder()
                    .setOffset(next.offset())
                    .setExampleId(next.example().getExampleId())
                    .setArchiveIndex(records.size());
            Admission.Answer answer = admission.of(next.example(), out, settings.maxLength());
            if (answer instanceof Admission.Refused refused) {
                record.setDisposition(Disposition.REJECTED)
                        .setCode(refused.code().code())
                        .setMessage(refused.message());
            } else {
                TrainingSequence sequence = ((Admission.Fits) answer).sequence();
                record.setTruncated(sequence.truncated());
                if (next.example().getHeldOut()) {
                    record.setDisposition(Disposition.HELD_OUT);
                } else if (fresh > 0 && tokens + sequence.length() > settings.roundMaxTokens()) {
                    break;
                } else {
                    record.setDisposition(Disposition.FRESH);
                    fresh++;
                    tokens += sequence.length();
                }
            }
            records.add(record.build());
            if (fresh >= settings.roundMaxExamples()
                    || records.size() >= RECORDS_PER_EXAMPLE * settings.roundMaxExamples()) {
                break;
            }
        }
        return records;
    }
}
