package io.millrace.trainer.protocol;

import io.millrace.core.AdapterName;
import io.millrace.core.Digest;
import io.millrace.core.LoraConfig;
import io.millrace.proto.internal.ExampleRef;
import io.millrace.proto.internal.Genesis;
import io.millrace.proto.internal.HeadState;
import io.millrace.proto.internal.PlannedRecord;
import io.millrace.proto.internal.RoundCommitted;
import io.millrace.proto.internal.RoundPlanned;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * The state an adapter's training has reached. Weights and optimizer stand in it by digest. Pure: a head comes from
 * another head and a round, so that whoever folds the same journal has the same head.
 */
public record Head(HeadState state) {

    /** How many held-out examples are kept to measure with; the oldest go first. */
    public static final int HELD_OUT_EXAMPLES = 64;

    /** How many of the first held-out examples stay to measure with. */
    public static final int REFERENCE_EXAMPLES = 64;

    /** Trained examples that stay replayable where a plan doesn't say. */
    private static final int RESERVOIR_EXAMPLES = 500;

    /** Before the first round. Its state digest is that of the Genesis message: no weights exist yet. */
    public static Head genesis(AdapterName adapter, Genesis genesis, int sourcePartition, long coveredThrough) {
        return new Head(HeadState.newBuilder()
                .setAdapter(adapter.toString())
                .setGenesis(genesis)
                .setStateSha256(Digest.of(genesis.toByteArray()).hex())
                .setSourcePartition(sourcePartition)
                .setThrough(coveredThrough)
                .build());
    }

    public static Genesis genesisOf(AdapterName adapter, Digest baseId, LoraConfig lora) {
        return Genesis.newBuilder()
                .setBaseId(baseId.hex())
                .setRank(lora.rank())
                .setAlpha(lora.alpha())
                .setDropout(lora.dropout())
                .setRsLora(lora.rsLora())
                .addAllTargetModules(lora.targetModules())
                .setSeed(Seeds.ofAdapter(adapter))
                .build();
    }

    public static LoraConfig lora(Genesis genesis) {
        return new LoraConfig(
                genesis.getRank(),
                genesis.getAlpha(),
                genesis.getDropout(),
                new TreeSet<>(genesis.getTargetModulesList()),
                genesis.getRsLora());
    }

    /** Covers everything in the state; equal heads have equal digests. */
    public Digest digest() {
        return Digest.of(state.toByteArray());
    }

    /** Whether no weights exist yet. */
    public boolean untrained() {
        return state.getStep() == 0;
    }

    public long round() {
        return state.getRound();
    }

    public long through() {
        return state.getThrough();
    }

    /** Where the learning rate last began to rise, in optimizer steps of the adapter. */
    public long warmupFromStep() {
        return state.getWarmupFromStep();
    }

    /** Whether the next round is one of that many after a shift of what comes in. */
    public boolean shiftedWithin(int rounds) {
        return state.getShiftRound() > 0 && state.getRound() - state.getShiftRound() < rounds;
    }

    public Digest stateDigest() {
        return new Digest(state.getStateSha256());
    }

    /** After a round that was computed. */
    public Head after(RoundPlanned plan, RoundCommitted commit) {
        long fresh = fresh(plan).size();
        HeadState.Builder next = covered(plan)
                .setStep(commit.getStep())
                .setStateSha256(commit.getStateSha256())
                .clearReservoir()
                .addAllReservoir(reservoirWith(plan))
                .setExamples(state.getExamples() + fresh);
        watch(next, plan.getHyperparameters().getDriftThreshold(), commit);
        return new Head(next.build());
    }

    /** Where the losses say that what comes in has changed, the learning rate rises anew from here. */
    private void watch(HeadState.Builder next, double threshold, RoundCommitted commit) {
        if (threshold == 0 || commit.getLossesCount() == 0) {
            return;
        }
        Drift.Seen seen = Drift.after(state.getDrift(), commit.getLossesList(), threshold);
        next.setDrift(seen.state());
        if (seen.shifted()) {
            next.setShifts(state.getShifts() + 1)
                    .setShiftRound(commit.getRound())
                    .setWarmupFromStep(commit.getStep());
        }
    }

    /** After a round that was given up: its records are covered, its held-out ones kept, the weights unchanged. */
    public Head afterAbandoned(RoundPlanned plan) {
        return new Head(covered(plan).build());
    }

    /** The same head with other bits, computed again on another processor. */
    public Head rebased(Digest newState) {
        return new Head(state.toBuilder().setStateSha256(newState.hex()).build());
    }

    /** The same weights without these examples in any set, and with their ids refused. */
    public Head forgetting(Collection<String> exampleIds) {
        TreeSet<String> forgotten = new TreeSet<>(state.getForgottenIdsList());
        forgotten.addAll(exampleIds);
        return new Head(state.toBuilder()
                .clearForgottenIds()
                .addAllForgottenIds(forgotten)
                .clearReservoir()
                .addAllReservoir(without(state.getReservoirList(), forgotten))
                .clearHeldOut()
                .addAllHeldOut(without(state.getHeldOutList(), forgotten))
                .clearReference()
                .addAllReference(without(state.getReferenceList(), forgotten))
                .build());
    }

    private static List<ExampleRef> without(List<ExampleRef> references, Set<String> ids) {
        return references.stream()
                .filter(ref -> !ids.contains(ref.getExampleId()))
                .toList();
    }

    /** Ids whose records are refused, for whatever reason. */
    public Set<String> refusedIds() {
        Set<String> refused = new TreeSet<>(state.getExcludedIdsList());
        refused.addAll(state.getForgottenIdsList());
        return refused;
    }

    /** Ids of the examples whose texts were erased. */
    public Set<String> forgottenIds() {
        return new TreeSet<>(state.getForgottenIdsList());
    }

    /** The records of a plan that are trained, in offset order. */
    public static List<PlannedRecord> fresh(RoundPlanned plan) {
        return plan.getRecordsList().stream()
                .filter(r -> r.getDisposition() == PlannedRecord.Disposition.FRESH)
                .toList();
    }

    private HeadState.Builder covered(RoundPlanned plan) {
        List<ExampleRef> heldOut = new ArrayList<>(state.getHeldOutList());
        for (PlannedRecord record : plan.getRecordsList()) {
            if (record.getDisposition() == PlannedRecord.Disposition.HELD_OUT) {
                heldOut.add(reference(plan, record));
            }
        }
        List<ExampleRef> reference = new ArrayList<>(state.getReferenceList());
        if (learning(plan)) {
            int joined = heldOut.size() - state.getHeldOutCount();
            int room = Math.max(0, REFERENCE_EXAMPLES - reference.size());
            reference.addAll(
                    heldOut.subList(state.getHeldOutCount(), state.getHeldOutCount() + Math.min(room, joined)));
        }
        int surplus = Math.max(0, heldOut.size() - HELD_OUT_EXAMPLES);
        return state.toBuilder()
                .setRound(plan.getRound())
                .setSourcePartition(plan.getSourcePartition())
                .setThrough(plan.getThrough())
                .clearHeldOut()
                .addAllHeldOut(heldOut.subList(surplus, heldOut.size()))
                .clearReference()
                .addAllReference(reference)
                .setWarmupFromStep(plan.getWarmupFromStep());
    }

    /** Plans of the first releases keep no reference set and look for no shifts, so that their heads stay as they were. */
    private static boolean learning(RoundPlanned plan) {
        return plan.getHyperparameters().getReservoirExamples() > 0;
    }

    /** Kept are those with the smallest hash(seed, example id), whatever the order they came in. */
    private List<ExampleRef> reservoirWith(RoundPlanned plan) {
        long seed = state.getGenesis().getSeed();
        Map<String, Long> ranks = new HashMap<>();
        List<ExampleRef> all = new ArrayList<>(state.getReservoirList());
        fresh(plan).forEach(record -> all.add(reference(plan, record)));
        all.forEach(ref -> ranks.put(ref.getExampleId(), Seeds.ofExample(seed, ref.getExampleId())));
        all.sort(Comparator.<ExampleRef, Long>comparing(ref -> ranks.get(ref.getExampleId()), Long::compareUnsigned)
                .thenComparing(ExampleRef::getExampleId));
        int room = learning(plan) ? plan.getHyperparameters().getReservoirExamples() : RESERVOIR_EXAMPLES;
        return all.subList(0, Math.min(all.size(), room));
    }

    private static ExampleRef reference(RoundPlanned plan, PlannedRecord record) {
        return ExampleRef.newBuilder()
                .setArchiveSha256(plan.getArchiveSha256())
                .setArchiveIndex(record.getArchiveIndex())
                .setExampleId(record.getExampleId())
                .build();
    }

    /** The reservoir's examples to train again in a round of that seed, without the fresh ones themselves. */
    public List<ExampleRef> replayed(long roundSeed, int count, Set<String> freshIds) {
        return state.getReservoirList().stream()
                .filter(ref -> !freshIds.contains(ref.getExampleId()))
                .sorted(Comparator.<ExampleRef, Long>comparing(
                                ref -> Seeds.ofExample(roundSeed, ref.getExampleId()), Long::compareUnsigned)
                        .thenComparing(ExampleRef::getExampleId))
                .limit(count)
                .toList();
    }
}
