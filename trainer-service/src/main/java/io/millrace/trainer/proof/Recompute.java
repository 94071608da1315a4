package io.millrace.trainer.proof;

import io.millrace.core.AdapterWeights;
import io.millrace.core.Digest;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.core.VersionId;
import io.millrace.core.peft.PeftDirectory;
import io.millrace.engine.train.AdapterTrainer;
import io.millrace.engine.train.TrainingModel;
import io.millrace.proto.internal.CheckpointStored;
import io.millrace.proto.internal.ComputedRound;
import io.millrace.proto.internal.File;
import io.millrace.proto.internal.RoundCommitted;
import io.millrace.store.BlobStore;
import io.millrace.trainer.proof.History.Cut;
import io.millrace.trainer.proof.History.Origin;
import io.millrace.trainer.proof.History.Stretch;
import io.millrace.trainer.proof.Proof.Difference;
import io.millrace.trainer.proof.Proof.RoundDifference;
import io.millrace.trainer.proof.Proof.StretchProof;
import io.millrace.trainer.proof.Proof.VersionProof;
import io.millrace.trainer.protocol.Head;
import io.millrace.trainer.publish.VersionFiles;
import io.millrace.trainer.train.Heads;
import io.millrace.trainer.train.Train;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;

/**
 * Computes the rounds of an adapter again from what the journal and the archives say, stretch by stretch of one
 * fingerprint, and compares digests at each round and each version. On the fingerprint that a stretch was computed on, it
 * comes out bit by bit; on another, the result says by how much it differs.
 */
public final class Recompute {
    private final TrainingModel model;
    private final BlobStore store;
    private final Train train;
    private final VersionFiles files;

    /** How far the computation is, after each round. */
    public interface Progress {
        void computed(long rounds, long of);
    }

    /** Where to start, and where to stop. */
    private record Range(int firstStretch, Optional<CheckpointStored> from, int lastStretch, long lastRound) {}

    /** @param train over archives that no other thread uses */
    public Recompute(TrainingModel model, BlobStore store, Train train, VersionFiles files) {
        this.model = model;
        this.store = store;
        this.train = train;
        this.files = files;
    }

    /**
     * All rounds since the first, with all versions among them.
     *
     * @throws MillraceException {@code unknown_blob} where an archive is gone
     * @throws Train.CancelledException once it is cancelled
     */
    public Proof fromGenesis(History history, Progress progress, BooleanSupplier cancelled) {
        int last = history.stretches().size() - 1;
        return compute(history, new Range(0, Optional.empty(), last, Long.MAX_VALUE), progress, cancelled);
    }

    /** A version with all rounds before it, since the first or since a rebuilt head took its place. */
    public Proof fromGenesis(History history, Cut through, Progress progress, BooleanSupplier cancelled) {
        Range range = new Range(
                history.replacedBefore(through).orElse(0), Optional.empty(), through.stretch(), through.round());
        return compute(history, range, progress, cancelled);
    }

    /** A version with at least its own rounds, from the nearest stored state before them. */
    public Proof ofVersion(History history, Cut through, Progress progress, BooleanSupplier cancelled) {
        int first = history.replacedBefore(through).orElse(0);
        for (int s = through.stretch(); s >= first; s--) {
            Stretch stretch = history.stretches().get(s);
            for (int c = stretch.checkpoints().size() - 1; c >= 0; c--) {
                CheckpointStored checkpoint = stretch.checkpoints().get(c);
                if (checkpoint.getHead().getRound() <= through.afterRound() && stored(checkpoint)) {
                    Range range = new Range(s, Optional.of(checkpoint), through.stretch(), through.round());
                    return compute(history, range, progress, cancelled);
                }
            }
        }
        return fromGenesis(history, through, progress, cancelled);
    }

    private boolean stored(CheckpointStored checkpoint) {
        return store.size(new Digest(checkpoint.getStateBlobSha256())).isPresent();
    }

    private Proof compute(History history, Range range, Progress progress, BooleanSupplier cancelled) {
        List<StretchProof> stretches = new ArrayList<>();
        List<VersionProof> versions = new ArrayList<>();
        Counter counter = new Counter(progress, rounds(history, range));
        Optional<AdapterTrainer> trainer = Optional.empty();
        try {
            for (int s = range.firstStretch(); s <= range.lastStretch(); s++) {
                Stretch stretch = history.stretches().get(s);
                Optional<CheckpointStored> from =
                        s == range.firstStretch() && range.from().isPresent() ? range.from() : start(stretch);
                Pass pass = new Pass(history, stretch, s, range, counter, cancelled);
                trainer = pass.begin(trainer, from);
                stretches.add(pass.run(trainer.orElseThrow()));
                versions.addAll(pass.versions);
            }
        } finally {
            trainer.ifPresent(AdapterTrainer::close);
        }
        return new Proof(history.adapter(), model.fingerprint(), stretches, versions);
    }

    /** The stored state that a stretch starts from, where it doesn't start from the adapter's first weights. */
    private Optional<CheckpointStored> start(Stretch stretch) {
        String wanted = stretch.start().state().getStateSha256();
        return stretch.checkpoints().stream()
                .filter(c -> c.getHead().getStateSha256().equals(wanted))
                .filter(this::stored)
                .findFirst();
    }

    private static long rounds(History history, Range range) {
        long after = range.from().map(c -> c.getHead().getRound()).orElse(0L);
        return history.stretches().subList(range.firstStretch(), range.lastStretch() + 1).stream()
                .flatMap(s -> s.rounds().stream())
                .map(r -> r.getPlanned().getRound())
                .filter(r -> r > after && r <= range.lastRound())
                .count();
    }

    private static final class Counter {
        private final Progress progress;
        private final long of;
        private long done;

        private Counter(Progress progress, long of) {
            this.progress = progress;
            this.of = of;
        }

        private void next() {
            done++;
            progress.computed(done, of);
        }
    }

    /** One stretch, computed again. */
    private final class Pass {
        private final History history;
        private final Stretch stretch;
        private final int index;
        private final Range range;
        private final Counter counter;
        private final BooleanSupplier cancelled;
        private final List<VersionProof> versions = new ArrayList<>();
        private final Map<Long, List<Difference>> measured = new TreeMap<>();
        private String startedFrom = "";
        private long afterRound;
        private long step;
        private int computed;
        private int differing;
        private Optional<RoundDifference> first = Optional.empty();

        private Pass(
                History history, Stretch stretch, int index, Range range, Counter counter, BooleanSupplier cancelled) {
            this.history = history;
            this.stretch = stretch;
            this.index = index;
            this.range = range;
            this.counter = counter;
            this.cancelled = cancelled;
        }

        /** @param running what the stretch before came to */
        private Optional<AdapterTrainer> begin(Optional<AdapterTrainer> running, Optional<CheckpointStored> from) {
            afterRound = stretch.start().round();
            step = stretch.start().state().getStep();
            if (from.isPresent()) {
                afterRound = from.get().getHead().getRound();
                step = from.get().getHead().getStep();
                startedFrom = "the stored state of round " + afterRound;
                running.ifPresent(AdapterTrainer::close);
                return Optional.of(model.resume(Heads.load(store, from.get())));
            }
            if (stretch.origin() == Origin.GENESIS) {
                startedFrom = "genesis";
                var genesis = stretch.start().state().getGenesis();
                return Optional.of(model.create(Head.lora(genesis), genesis.getSeed()));
            }
            if (running.isEmpty() || stretch.origin() == Origin.REPLACED) {
                throw new MillraceException(
                        ErrorCode.UNKNOWN_BLOB,
                        "the state that round " + stretch.start().round() + " of " + history.adapter()
                                + " starts from is not stored any more");
            }
            boolean same = running.get().stateDigest().equals(stretch.start().stateDigest());
            startedFrom = "round " + afterRound + (same ? "" : " as computed here: its recorded state isn't stored");
            return running;
        }

        private StretchProof run(AdapterTrainer trainer) {
            cutsAfter(afterRound, trainer);
            long last = afterRound;
            for (ComputedRound round : stretch.rounds()) {
                long ordinal = round.getPlanned().getRound();
                if (ordinal > afterRound && ordinal <= range.lastRound()) {
                    compute(round, trainer);
                    cutsAfter(ordinal, trainer);
                    last = ordinal;
                    counter.next();
                }
            }
            List<Difference> lastMeasured =
                    measured.values().stream().reduce((earlier, later) -> later).orElse(List.of());
            return new StretchProof(
                    stretch.fingerprint(), startedFrom, afterRound, last, computed, differing, first, lastMeasured);
        }

        private void compute(ComputedRound round, AdapterTrainer trainer) {
            if (Head.fresh(round.getPlanned()).isEmpty()) {
                return;
            }
            Train.Measured result = train.train(trainer, step, round.getPlanned(), cancelled);
            RoundCommitted recorded = round.getCommitted();
            step = recorded.getStep();
            computed++;
            Digest reached = trainer.stateDigest();
            if (reached.hex().equals(recorded.getStateSha256())
                    && result.losses().equals(recorded.getLossesList())) {
                return;
            }
            differing++;
            if (first.isEmpty()) {
                String what = reached.hex().equals(recorded.getStateSha256()) ? "losses" : "weights and optimizer";
                first = Optional.of(
                        new RoundDifference(recorded.getRound(), what, new Digest(recorded.getStateSha256()), reached));
            }
            stretch.checkpoints().stream()
                    .filter(c -> c.getHead().getStateSha256().equals(recorded.getStateSha256()))
                    .filter(Recompute.this::stored)
                    .findFirst()
                    .ifPresent(c ->
                            measured.put(recorded.getRound(), Differences.of(Heads.load(store, c), trainer.state())));
        }

        private void cutsAfter(long round, AdapterTrainer trainer) {
            for (Cut cut : history.cuts()) {
                if (cut.stretch() == index
                        && cut.round() == round
                        && round <= range.lastRound()
                        && !cut.rebuilt()
                        && cut.afterRound() >= firstRound() - 1) {
                    versions.add(version(cut, trainer));
                }
            }
        }

        /** Of the whole computation, so that a version is proved with all its rounds or not at all. */
        private long firstRound() {
            return 1 + range.from().map(c -> c.getHead().getRound()).orElse(0L);
        }

        private VersionProof version(Cut cut, AdapterTrainer trainer) {
            AdapterWeights weights = trainer.published();
            Optional<VersionId> parent = cut.fold().lastCut().map(c -> new VersionId(c.getVersionId()));
            PeftDirectory.Version version = files.of(history.adapter(), cut.fold(), parent, weights);
            if (version.id().equals(cut.version())) {
                return new VersionProof(cut.version(), version.id(), cut.round(), List.of(), List.of());
            }
            Map<String, Digest> recorded = new TreeMap<>();
            for (File file : cut.event().getCommand().getPublishVersion().getFilesList()) {
                recorded.put(file.getName(), new Digest(file.getSha256()));
            }
            return new VersionProof(
                    cut.version(),
                    version.id(),
                    cut.round(),
                    RebuildProof.differing(version, recorded),
                    Differences.of(files.read(recorded), weights));
        }
    }
}
