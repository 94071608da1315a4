package io.millrace.trainer.proof;

import io.millrace.core.AdapterName;
import io.millrace.core.VersionId;
import io.millrace.proto.internal.CheckpointStored;
import io.millrace.proto.internal.ComputedRound;
import io.millrace.proto.internal.JournalRecord;
import io.millrace.proto.internal.RoundCommitted;
import io.millrace.proto.internal.RoundPlanned;
import io.millrace.proto.internal.RoundSummary;
import io.millrace.proto.internal.VersionCut;
import io.millrace.trainer.protocol.AdapterFold;
import io.millrace.trainer.protocol.Head;
import io.millrace.trainer.protocol.JournalFold;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * All that the journal says of one adapter since its first plan, sorted into stretches of one fingerprint. Immutable.
 *
 * @param rounds those that ended, in order, whichever head they led to
 * @param stretches in order; each starts from what the one before it led to, but for rebased and replaced heads
 * @param cuts the versions, in order
 * @param now the fold over all of it
 */
public record History(
        AdapterName adapter, List<RecordedRound> rounds, List<Stretch> stretches, List<Cut> cuts, AdapterFold now) {

    public History {
        rounds = List.copyOf(rounds);
        stretches = List.copyOf(stretches);
        cuts = List.copyOf(cuts);
    }

    /**
     * A round that ended.
     *
     * @param commit empty where it was abandoned
     */
    public record RecordedRound(RoundPlanned plan, Optional<RoundCommitted> commit) {
        public boolean trained() {
            return commit.isPresent();
        }
    }

    /** Why a stretch begins. */
    public enum Origin {
        /** The adapter's first weights. */
        GENESIS,
        /** The same bits, continued on another processor or release. */
        CONTINUED,
        /** The head was computed again elsewhere and came out with other bits. */
        REBASED,
        /** A rebuilt head took the place of the one before. */
        REPLACED
    }

    /**
     * Rounds that one fingerprint's bits come from.
     *
     * @param start the head that it starts from
     * @param fingerprint of its rounds; that of the start where it has none
     * @param rounds that were committed, in order
     * @param checkpoints stored in it, oldest first; the store may have deleted their bytes since
     */
    public record Stretch(
            Origin origin,
            Head start,
            String fingerprint,
            List<ComputedRound> rounds,
            List<CheckpointStored> checkpoints) {
        public Stretch {
            rounds = List.copyOf(rounds);
            checkpoints = List.copyOf(checkpoints);
        }

        /** The last round in it, or the one that it starts after. */
        public long lastRound() {
            return rounds.isEmpty()
                    ? start.round()
                    : rounds.get(rounds.size() - 1).getPlanned().getRound();
        }
    }

    /**
     * A version that was cut.
     *
     * @param fold before the cut
     * @param stretch index of the stretch that its head stands in
     * @param rounds how many rounds had ended
     */
    public record Cut(VersionCut event, AdapterFold fold, int stretch, int rounds) {
        public VersionId version() {
            return new VersionId(event.getVersionId());
        }

        public long round() {
            return event.getRound();
        }

        /** Whether it is a rebuilt one, made of other rounds than those before it. */
        public boolean rebuilt() {
            return !event.getCommand()
                    .getPublishVersion()
                    .getRebuiltFromVersionId()
                    .isEmpty();
        }

        /** The round that the version before it ended with; 0 for the first. */
        public long afterRound() {
            return fold.sinceCut().stream()
                            .mapToLong(RoundSummary::getRound)
                            .min()
                            .orElse(round() + 1)
                    - 1;
        }
    }

    /** The cut that made a version; empty where it wasn't made of this adapter's rounds. */
    public Optional<Cut> cut(VersionId version) {
        return cuts.stream().filter(c -> c.version().equals(version)).findFirst();
    }

    /** The rebuilt version whose head the line of a cut goes on from. */
    Optional<Cut> rebuiltBefore(Cut cut) {
        OptionalInt replaced = replacedBefore(cut);
        return replaced.isEmpty()
                ? Optional.empty()
                : cuts.stream()
                        .filter(c -> c.stretch() == replaced.getAsInt() && c.rebuilt())
                        .findFirst();
    }

    /** Index of the stretch in which a rebuilt head last took over before the cut; empty where none did. */
    OptionalInt replacedBefore(Cut cut) {
        for (int s = cut.stretch(); s >= 0; s--) {
            if (stretches.get(s).origin() == Origin.REPLACED) {
                return OptionalInt.of(s);
            }
        }
        return OptionalInt.empty();
    }

    /** Takes an adapter's records in the journal's order. */
    public static final class Builder {
        private final AdapterName adapter;
        private final List<RecordedRound> rounds = new ArrayList<>();
        private final List<Stretch> stretches = new ArrayList<>();
        private final List<Cut> cuts = new ArrayList<>();
        private final List<CheckpointStored> checkpoints = new ArrayList<>();
        private JournalFold journal = JournalFold.empty();
        private Optional<Open> open = Optional.empty();

        /** The stretch that is being read. */
        private record Open(
                Origin origin,
                Head start,
                String fingerprint,
                List<ComputedRound> rounds,
                List<CheckpointStored> checkpoints) {
            Open(Origin origin, Head start, String fingerprint) {
                this(origin, start, fingerprint, new ArrayList<>(), new ArrayList<>());
            }

            Stretch closed() {
                return new Stretch(origin, start, fingerprint, rounds, checkpoints);
            }
        }

        public Builder(AdapterName adapter) {
            this.adapter = adapter;
        }

        /** @throws io.millrace.core.MillraceException {@code incompatible_log} where the record can't follow */
        public Builder add(long offset, long timeMs, JournalRecord record) {
            Optional<AdapterFold> before = fold();
            journal = journal.apply(offset, timeMs, record);
            Optional<AdapterFold> after = fold();
            if (after.isEmpty()) {
                return this;
            }
            if (open.isEmpty()) {
                open = Optional.of(new Open(Origin.GENESIS, after.get().head(), ""));
            }
            before.ifPresent(b -> follow(b, after.get(), record));
            return this;
        }

        private Optional<AdapterFold> fold() {
            return journal.adapter(adapter);
        }

        private void follow(AdapterFold before, AdapterFold after, JournalRecord record) {
            boolean moved = !before.head().digest().equals(after.head().digest());
            switch (record.getEventCase()) {
                case ROUND_COMMITTED -> {
                    if (moved) {
                        committed(before, record);
                    }
                }
                case ROUND_ABANDONED -> {
                    if (moved) {
                        rounds.add(
                                new RecordedRound(before.pending().orElseThrow().plan(), Optional.empty()));
                    }
                }
                case ROUND_REBASED -> {
                    if (moved) {
                        begin(new Open(
                                Origin.REBASED,
                                after.head(),
                                record.getRoundRebased().getNewFingerprint()));
                    }
                }
                case HEAD_REPLACED -> {
                    if (moved) {
                        begin(new Open(Origin.REPLACED, after.head(), ""));
                        checkpointed(after.checkpoints().get(0));
                    }
                }
                case EXAMPLES_FORGOTTEN -> {
                    if (moved) {
                        after.lastCheckpoint().ifPresent(this::checkpointed);
                    }
                }
                case CHECKPOINT_STORED -> checkpointed(record.getCheckpointStored());
                case VERSION_CUT -> cuts.add(new Cut(record.getVersionCut(), before, stretches.size(), rounds.size()));
                default -> {}
            }
        }

        private void committed(AdapterFold before, JournalRecord record) {
            RoundPlanned plan = before.pending().orElseThrow().plan();
            rounds.add(new RecordedRound(plan, Optional.of(record.getRoundCommitted())));
            ComputedRound round = ComputedRound.newBuilder()
                    .setPlanned(plan)
                    .setCommitted(record.getRoundCommitted())
                    .build();
            String fingerprint = record.getRoundCommitted().getFingerprint();
            Open current = open.orElseThrow();
            if (current.fingerprint().isEmpty()) {
                current = new Open(
                        current.origin(), current.start(), fingerprint, current.rounds(), current.checkpoints());
                open = Optional.of(current);
            } else if (!current.fingerprint().equals(fingerprint)) {
                begin(new Open(Origin.CONTINUED, before.head(), fingerprint));
            }
            open.orElseThrow().rounds().add(round);
        }

        private void begin(Open next) {
            stretches.add(open.orElseThrow().closed());
            // The stored start of the next stretch may have been stored in this one.
            checkpoints.stream()
                    .filter(c -> c.getHead()
                            .getStateSha256()
                            .equals(next.start().state().getStateSha256()))
                    .forEach(next.checkpoints()::add);
            open = Optional.of(next);
        }

        private void checkpointed(CheckpointStored stored) {
            checkpoints.add(stored);
            open.orElseThrow().checkpoints().add(stored);
        }

        /** Empty where no plan was seen. */
        public Optional<History> build() {
            return fold().map(now -> {
                List<Stretch> all = new ArrayList<>(stretches);
                all.add(open.orElseThrow().closed());
                return new History(adapter, rounds, all, cuts, now);
            });
        }
    }
}
