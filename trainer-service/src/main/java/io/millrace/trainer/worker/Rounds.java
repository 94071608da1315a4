package io.millrace.trainer.worker;

import io.millrace.core.AdapterName;
import io.millrace.core.BaseDescription;
import io.millrace.core.Digest;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.engine.train.AdapterState;
import io.millrace.proto.internal.CheckpointStored;
import io.millrace.proto.internal.ExamplesForgotten;
import io.millrace.proto.internal.JournalRecord;
import io.millrace.proto.internal.RoundAbandoned;
import io.millrace.proto.internal.RoundCommitted;
import io.millrace.proto.internal.RoundPlanned;
import io.millrace.proto.internal.RoundRebased;
import io.millrace.proto.internal.RoundRetried;
import io.millrace.store.BlobStore;
import io.millrace.trainer.protocol.AdapterFold;
import io.millrace.trainer.protocol.CrashPoint;
import io.millrace.trainer.protocol.Head;
import io.millrace.trainer.protocol.Round;
import io.millrace.trainer.train.Archives;
import io.millrace.trainer.train.Heads;
import io.millrace.trainer.train.Plan;
import io.millrace.trainer.train.Train;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** The steps of a round as proposals. For the training thread alone. */
final class Rounds {
    private final BaseDescription base;
    private final String fingerprint;
    private final BlobStore store;
    private final Archives archives;
    private final Heads heads;
    private final Plan plan;
    private final Train train;
    private final Reports reports;
    private final WorkerSettings settings;
    private final Clock clock;

    Rounds(
            BaseDescription base,
            String fingerprint,
            BlobStore store,
            Archives archives,
            Heads heads,
            Plan plan,
            Train train,
            Reports reports,
            WorkerSettings settings,
            Clock clock) {
        this.base = base;
        this.fingerprint = fingerprint;
        this.store = store;
        this.archives = archives;
        this.heads = heads;
        this.plan = plan;
        this.train = train;
        this.reports = reports;
        this.settings = settings;
        this.clock = clock;
    }

    /** Fixes the next round. An adapter without a head starts from its settings. */
    Proposal plan(Task task) {
        if (task.fold().isPresent()) {
            Optional<Proposal> rebased = rebase(task);
            if (rebased.isPresent()) {
                return rebased.get();
            }
        }
        Head head = task.fold()
                .map(AdapterFold::head)
                .orElseGet(() -> Head.genesis(
                        task.adapter(),
                        Head.genesisOf(
                                task.adapter(), base.id(), task.settings().lora()),
                        task.partition(),
                        -1));
        RoundPlanned planned = plan.plan(head, task.settings(), task.waiting(), afterIdle(task));
        return Proposal.of(task.adapter(), List.of(Events.planned(task.adapter(), planned)));
    }

    /** The one thing that a clock decides about training: it goes on record with the plan. */
    private boolean afterIdle(Task task) {
        return task.fold()
                .filter(fold -> !fold.head().untrained())
                .filter(fold -> clock.millis() - fold.lastRoundMs()
                        >= task.settings().warmupIdle().toMillis())
                .isPresent();
    }

    /**
     * Computes the planned round.
     *
     * @throws MillraceException {@code non_finite} where it has no result
     */
    Proposal train(Task task) {
        Optional<Proposal> rebased = rebase(task);
        if (rebased.isPresent()) {
            return rebased.get();
        }
        AdapterFold fold = task.fold().orElseThrow();
        Round.Planned round = fold.pending().orElseThrow();
        RoundCommitted.Builder commit = RoundCommitted.newBuilder()
                .setRound(round.plan().getRound())
                .setStep(round.head().state().getStep())
                .setStateSha256(round.head().state().getStateSha256())
                .setFingerprint(fingerprint);
        boolean moves = !Head.fresh(round.plan()).isEmpty();
        if (moves) {
            compute(task, round, commit);
        }
        Head next = round.head().after(round.plan(), commit.build());
        RoundCommitted committed = commit.setHeadSha256(next.digest().hex()).build();
        List<JournalRecord> events = new ArrayList<>();
        events.add(Events.committed(task.adapter(), committed));
        if (moves && checkpointDue(fold, next)) {
            AdapterState state = heads.state(task.adapter(), next).orElseThrow();
            events.add(Events.checkpoint(task.adapter(), checkpoint(next, state)));
        }
        return new Proposal(
                task.adapter(), events, reports.of(round.plan(), archives.get(archive(round.plan())), committed));
    }

    private void compute(Task task, Round.Planned round, RoundCommitted.Builder commit) {
        long started = System.nanoTime();
        Heads.Restored restored = heads.at(task.adapter(), task.fold().orElseThrow(), task.cancelled());
        heads.moving(task.adapter());
        Train.Measured measured =
                train.train(restored.trainer(), round.head().state().getStep(), round.plan(), task.cancelled());
        Heads.Reached reached = heads.moved(task.adapter());
        commit.setStep(reached.step())
                .setStateSha256(reached.state().hex())
                .addAllLosses(measured.losses())
                .addAllStepLosses(measured.stepLosses())
                .addAllGradNorms(measured.gradNorms())
                .setTokens(measured.tokens())
                .setLabelledTokens(measured.labelledTokens())
                .setTrainMillis(Duration.ofNanos(System.nanoTime() - started).toMillis());
    }

    /** Says that the planned round is about to be computed once more. */
    Proposal retry(Task task, String reason) {
        Round.Planned round = task.fold().flatMap(AdapterFold::pending).orElseThrow();
        return Proposal.of(
                task.adapter(),
                List.of(Events.retried(
                        task.adapter(),
                        RoundRetried.newBuilder()
                                .setRound(round.plan().getRound())
                                .setAttempt(round.nextAttempt())
                                .setReason(reason)
                                .build())));
    }

    /** Says that a planned round was left in good order. */
    static Proposal handOver(AdapterName adapter, Round.Planned round) {
        return Proposal.of(
                adapter,
                List.of(Events.retried(
                        adapter,
                        RoundRetried.newBuilder()
                                .setRound(round.plan().getRound())
                                .setAttempt(round.retries())
                                .setReason("handed over")
                                .setHandedOver(true)
                                .build())));
    }

    /** Gives the planned round up: the weights stay, its fresh examples become dead letters. */
    Proposal abandon(Task task, ErrorCode code, String reason) {
        Round.Planned round = task.fold().flatMap(AdapterFold::pending).orElseThrow();
        RoundAbandoned abandoned = RoundAbandoned.newBuilder()
                .setRound(round.plan().getRound())
                .setCode(code.code())
                .setMessage(reason)
                .setHeadSha256(
                        round.head().afterAbandoned(round.plan()).digest().hex())
                .build();
        return new Proposal(
                task.adapter(),
                List.of(Events.abandoned(task.adapter(), abandoned)),
                reports.of(round.plan(), archives.get(archive(round.plan())), abandoned));
    }

    /** Brings the weights to the head; where they came out with other bits, that goes on record first. */
    Optional<Proposal> rebase(Task task) {
        AdapterFold fold = task.fold().orElseThrow();
        Optional<RoundRebased> rebased =
                heads.at(task.adapter(), fold, task.cancelled()).rebased();
        return rebased.map(event -> {
            Head head = fold.head().rebased(new Digest(event.getNewStateSha256()));
            AdapterState state = heads.state(task.adapter(), head).orElseThrow();
            return Proposal.of(
                    task.adapter(),
                    List.of(
                            Events.rebased(task.adapter(), event),
                            Events.checkpoint(
                                    task.adapter(),
                                    checkpoint(head, state).toBuilder()
                                            .setBeginsStretch(true)
                                            .build())));
        });
    }

    /** Stores the head unless that was done; nothing where its bits aren't in memory. */
    Optional<Proposal> checkpointProposal(Task task) {
        AdapterFold fold = task.fold().orElseThrow();
        if (fold.checkpointed()) {
            return Optional.empty();
        }
        return heads.state(task.adapter(), fold.head())
                .map(state -> Proposal.of(
                        task.adapter(), List.of(Events.checkpoint(task.adapter(), checkpoint(fold.head(), state)))));
    }

    /** Has examples forgotten: the head is stored, for what lies before it may not be computable any more. */
    Proposal forget(Task task, Set<String> exampleIds) {
        Head head = task.fold().orElseThrow().head();
        ExamplesForgotten.Builder event = ExamplesForgotten.newBuilder()
                .addAllExampleIds(new TreeSet<>(exampleIds))
                .setOldHeadSha256(head.digest().hex());
        if (!head.untrained()) {
            CheckpointStored stored =
                    checkpoint(head, heads.state(task.adapter(), head).orElseThrow());
            event.setStateBlobSha256(stored.getStateBlobSha256())
                    .setSizeBytes(stored.getSizeBytes())
                    .setFingerprint(stored.getFingerprint());
        }
        archives.clear();
        return Proposal.of(task.adapter(), List.of(Events.forgotten(task.adapter(), event.build())));
    }

    private CheckpointStored checkpoint(Head head, AdapterState state) {
        Digest blob = store.put(state.content());
        CrashPoint.DURING_CHECKPOINT.pass();
        return CheckpointStored.newBuilder()
                .setHead(head.state())
                .setStateBlobSha256(blob.hex())
                .setSizeBytes(state.content().length)
                .setFingerprint(fingerprint)
                .build();
    }

    private boolean checkpointDue(AdapterFold fold, Head next) {
        if (next.untrained()) {
            return false;
        }
        long last = fold.lastCheckpoint().map(c -> c.getHead().getRound()).orElse(0L);
        long lastMs = fold.lastCheckpointMs();
        return next.round() - last >= settings.checkpointEveryRounds()
                && Math.abs(clock.millis() - lastMs)
                        >= settings.checkpointMinInterval().toMillis();
    }

    private static Digest archive(RoundPlanned plan) {
        return new Digest(plan.getArchiveSha256());
    }
}
