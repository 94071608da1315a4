package io.millrace.trainer.proof;

import io.millrace.core.AdapterName;
import io.millrace.core.Digest;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.engine.train.AdapterState;
import io.millrace.engine.train.AdapterTrainer;
import io.millrace.engine.train.TrainingModel;
import io.millrace.proto.internal.CheckpointStored;
import io.millrace.proto.internal.CuratedExample;
import io.millrace.proto.internal.Genesis;
import io.millrace.proto.internal.JournalRecord;
import io.millrace.proto.internal.PlannedRecord;
import io.millrace.proto.internal.RebuildProgress;
import io.millrace.proto.internal.RebuildRecipe;
import io.millrace.proto.internal.RoundAbandoned;
import io.millrace.proto.internal.RoundCommitted;
import io.millrace.proto.internal.RoundPlanned;
import io.millrace.store.BlobStore;
import io.millrace.trainer.proof.History.RecordedRound;
import io.millrace.trainer.protocol.AdapterFold;
import io.millrace.trainer.protocol.Head;
import io.millrace.trainer.train.Archives;
import io.millrace.trainer.train.Plan;
import io.millrace.trainer.train.Plan.Waiting;
import io.millrace.trainer.train.Train;
import io.millrace.trainer.worker.Engine;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.BooleanSupplier;

/**
 * An adapter that is trained again on recorded rounds, without some of their examples or with other settings: the same as
 * if those had never been sent. Boundaries are those on record, rounds that are empty now are skipped, and all that
 * follows from what was trained (reservoir, replays, shifts, seeds) is worked out anew, by the code that live training
 * uses. For one thread.
 */
final class RebuiltLine implements AutoCloseable {
    private final AdapterName adapter;
    private final BlobStore store;
    private final Archives archives;
    private final Plan plan;
    private final Train train;
    private final TrainingModel model;
    private final RebuildRecipe recipe;
    private final RecordedSettings settings;
    private final Set<String> without;
    private final AdapterTrainer trainer;
    private AdapterFold fold;
    private int recordedRounds;

    private RebuiltLine(
            Engine engine,
            BlobStore store,
            RebuildRecipe recipe,
            AdapterFold fold,
            int recordedRounds,
            AdapterTrainer trainer) {
        this.adapter = AdapterName.parse(recipe.getAdapter());
        this.store = store;
        this.archives = new Archives(store);
        this.model = engine.model();
        this.plan = new Plan(engine.base(), model.fingerprint(), ProofContext.examples(engine), archives);
        this.train = new Train(ProofContext.examples(engine), archives);
        this.recipe = recipe;
        this.settings = new RecordedSettings(recipe.getSettingsList());
        this.without = Set.copyOf(recipe.getWithoutList());
        this.fold = fold;
        this.recordedRounds = recordedRounds;
        this.trainer = trainer;
    }

    /** @param first the adapter's first recorded plan */
    static RebuiltLine start(Engine engine, BlobStore store, RebuildRecipe recipe, RoundPlanned first) {
        AdapterName adapter = AdapterName.parse(recipe.getAdapter());
        Genesis genesis = Head.genesisOf(
                        adapter,
                        engine.base().id(),
                        new RecordedSettings(recipe.getSettingsList()).of(first).lora())
                .toBuilder()
                .setSeed(first.getGenesis().getSeed())
                .build();
        Head head = Head.genesis(adapter, genesis, first.getSourcePartition(), -1);
        AdapterTrainer trainer = engine.model().create(Head.lora(genesis), genesis.getSeed());
        return new RebuiltLine(engine, store, recipe, AdapterFold.start(head, 0), 0, trainer);
    }

    /**
     * Where a line is.
     *
     * @param state that the last checkpoint of the progress' fold names
     */
    record Saved(RebuildProgress progress, AdapterState state) {}

    /** Goes on where {@link #save} left off. */
    static RebuiltLine resume(Engine engine, BlobStore store, Saved saved) {
        RebuildProgress progress = saved.progress();
        return new RebuiltLine(
                engine,
                store,
                progress.getRecipe(),
                AdapterFold.of(progress.getFold()),
                progress.getRecordedRounds(),
                engine.model().resume(saved.state()));
    }

    /** Takes in the next recorded round. @throws Train.CancelledException between steps; this is then of no use any more */
    void add(RecordedRound round, BooleanSupplier cancelled) {
        recordedRounds++;
        List<Waiting> left = left(round.plan());
        if (left.isEmpty()) {
            return;
        }
        RoundPlanned planned = plan.plan(
                fold.head(), settings.of(round.plan()), left, round.plan().getAfterIdle());
        apply(JournalRecord.newBuilder().setRoundPlanned(planned));
        if (round.trained()) {
            apply(JournalRecord.newBuilder().setRoundCommitted(compute(planned, cancelled)));
        } else {
            apply(JournalRecord.newBuilder()
                    .setRoundAbandoned(RoundAbandoned.newBuilder().setRound(planned.getRound())));
        }
    }

    private List<Waiting> left(RoundPlanned recorded) {
        List<CuratedExample> archive = archives.get(new Digest(recorded.getArchiveSha256()));
        List<Waiting> left = new ArrayList<>();
        long offset = Math.max(fold.head().through(), -1);
        for (PlannedRecord record : recorded.getRecordsList()) {
            if (!without.contains(record.getExampleId())) {
                // Offsets of another partition's time may lie lower: only their order counts here.
                offset = Math.max(offset + 1, record.getOffset());
                CuratedExample example = archive.get(record.getArchiveIndex());
                if (example.getForgotten()) {
                    throw new MillraceException(
                            ErrorCode.FORGOTTEN,
                            "round " + recorded.getRound() + " has '" + record.getExampleId()
                                    + "', which is forgotten");
                }
                left.add(new Waiting(offset, example));
            }
        }
        return left;
    }

    private RoundCommitted compute(RoundPlanned planned, BooleanSupplier cancelled) {
        Head head = fold.head();
        RoundCommitted.Builder commit = RoundCommitted.newBuilder()
                .setRound(planned.getRound())
                .setStep(head.state().getStep())
                .setStateSha256(head.state().getStateSha256())
                .setFingerprint(model.fingerprint());
        if (!Head.fresh(planned).isEmpty()) {
            Train.Measured measured = train.train(trainer, head.state().getStep(), planned, cancelled);
            commit.setStep(trainer.steps())
                    .setStateSha256(trainer.stateDigest().hex())
                    .addAllLosses(measured.losses());
        }
        return commit.setHeadSha256(head.after(planned, commit.build()).digest().hex())
                .build();
    }

    private void apply(JournalRecord.Builder record) {
        fold = fold.apply(record.setAdapter(adapter.toString()).build(), 0);
    }

    RebuildRecipe recipe() {
        return recipe;
    }

    /** Of the rebuilt line; all its rounds are rounds since its last cut. */
    AdapterFold fold() {
        return fold;
    }

    AdapterTrainer trainer() {
        return trainer;
    }

    /** Recorded rounds that went in, empty ones included. */
    int recordedRounds() {
        return recordedRounds;
    }

    /** Stores the state for whoever goes on from this head. */
    Digest storeState() {
        return store.put(trainer.state().content());
    }

    /** Where the line is, so that another can go on from here. */
    Saved save() {
        AdapterState state = trainer.state();
        apply(JournalRecord.newBuilder()
                .setCheckpointStored(CheckpointStored.newBuilder()
                        .setHead(fold.head().state())
                        .setStateBlobSha256(Digest.of(state.content()).hex())
                        .setSizeBytes(state.content().length)
                        .setFingerprint(model.fingerprint())));
        RebuildProgress progress = RebuildProgress.newBuilder()
                .setRecipe(recipe)
                .setRecordedRounds(recordedRounds)
                .setFold(fold.toSnapshot())
                .build();
        return new Saved(progress, state);
    }

    @Override
    public void close() {
        trainer.close();
    }
}
