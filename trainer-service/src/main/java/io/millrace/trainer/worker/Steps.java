package io.millrace.trainer.worker;

import io.millrace.core.AdapterName;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.registry.AdapterEntry;
import io.millrace.trainer.protocol.AdapterFold;
import io.millrace.trainer.publish.CutVersion;
import io.millrace.trainer.train.Heads;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;

/** Which class does which step. What it returns runs on the training thread. */
final class Steps {
    private final Rounds rounds;
    private final CutVersion cut;
    private final Heads heads;
    private final String baseId;
    private final Duration residentIdle;
    private final Set<AdapterName> asleep = new HashSet<>();

    Steps(Rounds rounds, CutVersion cut, Heads heads, String baseId, Duration residentIdle) {
        this.rounds = rounds;
        this.cut = cut;
        this.heads = heads;
        this.baseId = baseId;
        this.residentIdle = residentIdle;
    }

    Callable<Optional<Proposal>> of(
            Due.Step step, Task task, Optional<String> interruption, Optional<MillraceException> hopeless) {
        asleep.remove(task.adapter());
        return switch (step) {
            case PLAN -> () -> Optional.of(rounds.plan(task));
            case TRAIN -> () -> Optional.of(rounds.train(task));
            case RETRY -> () -> Optional.of(rounds.retry(task, interruption.orElse("")));
            case ABANDON ->
                () -> Optional.of(
                        hopeless.isPresent()
                                ? rounds.abandon(
                                        task,
                                        hopeless.get().code(),
                                        hopeless.get().getMessage())
                                : rounds.abandon(
                                        task,
                                        ErrorCode.TRAINING_FAILED,
                                        "the round failed again after each retry; last: " + interruption.orElse("")));
            case CUT -> () -> Optional.of(cut(task));
        };
    }

    private Proposal cut(Task task) {
        Optional<Proposal> rebased = rounds.rebase(task);
        if (rebased.isPresent()) {
            return rebased.get();
        }
        AdapterFold fold = task.fold().orElseThrow();
        Heads.Restored restored = heads.at(task.adapter(), fold, task.cancelled());
        Optional<Proposal> checkpoint = rounds.checkpointProposal(task);
        Proposal version = Proposal.of(
                task.adapter(),
                List.of(Events.cut(
                        task.adapter(),
                        cut.cut(task.adapter(), fold, task.settings(), restored.trainer(), task.cutReason()))));
        return checkpoint.map(c -> c.and(version)).orElse(version);
    }

    /** Stores the head where it isn't stored yet. */
    Callable<Optional<Proposal>> checkpoint(Task task) {
        return () -> rounds.checkpointProposal(task);
    }

    /** Stores the head and has the examples forgotten from there on; where it came out otherwise, that goes first. */
    Callable<Proposal> forget(Task task, Set<String> exampleIds) {
        return () -> {
            Optional<Proposal> rebased = rounds.rebase(task);
            return rebased.isPresent() ? rebased.get() : rounds.forget(task, exampleIds);
        };
    }

    /** Whether the adapter is for the base that this worker has. */
    boolean canTrain(Lane lane, Optional<AdapterEntry> entry) {
        return entry.flatMap(AdapterEntry::baseId).map(baseId::equals).orElse(true)
                && lane.fold()
                        .map(f -> f.head().state().getGenesis().getBaseId().equals(baseId))
                        .orElse(true);
    }

    /** Frees an adapter's memory. */
    void forget(AdapterName adapter, Mailbox mailbox) {
        asleep.remove(adapter);
        mailbox.compute(
                () -> {
                    heads.drop(adapter);
                    return true;
                },
                dropped -> {});
    }

    /** Idle adapters leave the device. */
    void idle(List<Lane> lanes, Instant now, Mailbox mailbox) {
        for (Lane lane : lanes) {
            boolean idle = lane.waiting() == 0 && now.isAfter(lane.lastUsed().plus(residentIdle));
            if (idle && asleep.add(lane.adapter())) {
                mailbox.compute(
                        () -> {
                            heads.leaveDevice(lane.adapter());
                            return true;
                        },
                        left -> {});
            }
        }
    }
}
