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

    /** How many trained examples can be replayed, and stand for the adapter when prototypes are made. */
    public static final int RESERVOIR_EXAMPLES = 500;

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

    public Digest stateDigest() {
        return new Digest(state.getStateSha256());
    }

    /** After a round that was computed. */
    public Head after(RoundPlanned plan, RoundCommitted commit) {
        long fresh = fresh(plan).size();
        return new Head(covered(plan)
                .setStep(commit.getStep())
                .setStateSha256(commit.getStateSha256())
                .clearReservoir()
                .addAllReservoir(reservoirWith(plan))
                .setExamples(state.getExamples() + fresh)
                .build());
    }

    /** After a round that was given up: its records are covered, its held-out ones kept, the weights unchanged. */
    public Head afterAbandoned(RoundPlanned plan) {
        return new Head(covered(plan).build());
    }

    /** The same head with other bits, computed again on another processor. */
    public Head rebased(Digest newState) {
        return new Head(state.toBuilder().setStateSha256(newState.hex()).build());
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
        int surplus = Math.max(0, heldOut.size() - HELD_OUT_EXAMPLES);
        return state.toBuilder()
                .setRound(plan.getRound())
                .setSourcePartition(plan.getSourcePartition())
                .setThrough(plan.getThrough())
                .clearHeldOut()
                .addAllHeldOut(heldOut.subList(surplus, heldOut.size()));
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
        return all.subList(0, Math.min(all.size(), RESERVOIR_EXAMPLES));
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
