package io.millrace.trainer.worker;

import io.millrace.core.AdapterName;
import io.millrace.proto.internal.HeadReplaced;
import io.millrace.proto.internal.VersionCut;
import io.millrace.trainer.protocol.AdapterFold;
import io.millrace.trainer.train.TakenOut;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a worker is asked for from outside, between two of its turns and on its thread. */
final class Requests {
    private static final Logger LOG = LoggerFactory.getLogger(Requests.class);

    private final Function<AdapterName, Optional<Lane>> lanes;
    private final Predicate<Lane> computing;
    private final BiConsumer<Lane, Proposal> writer;
    private final Steps steps;
    private final Mailbox mailbox;
    private final Clock clock;

    /**
     * @param lanes of the adapters that the worker trains now
     * @param computing whether a step of it is being computed
     * @param writer to the journal, where its partition is still the worker's
     */
    Requests(
            Function<AdapterName, Optional<Lane>> lanes,
            Predicate<Lane> computing,
            BiConsumer<Lane, Proposal> writer,
            Steps steps,
            Mailbox mailbox,
            Clock clock) {
        this.lanes = lanes;
        this.computing = computing;
        this.writer = writer;
        this.steps = steps;
        this.mailbox = mailbox;
        this.clock = clock;
    }

    /** Asks for a version of all that an adapter has waiting now. @return false where it isn't trained here */
    boolean requestCut(AdapterName adapter) {
        Optional<Lane> lane = lanes.apply(adapter);
        lane.ifPresent(Lane::requestCut);
        return lane.isPresent();
    }

    /** Plans no further round of an adapter for a while. @return false where it isn't trained here */
    boolean hold(AdapterName adapter, Duration atMost) {
        Optional<Lane> lane = lanes.apply(adapter);
        lane.ifPresent(l -> l.hold(clock.instant().plus(atMost)));
        return lane.isPresent();
    }

    /** Puts a rebuilt head in the place of the one it was computed for. @return false where that isn't the head now */
    boolean replace(AdapterName adapter, HeadReplaced replaced, VersionCut cut) {
        Optional<Lane> found = atBoundary(adapter).filter(l -> l.fold()
                .map(AdapterFold::head)
                .filter(head -> head.digest().hex().equals(replaced.getOldHeadSha256()))
                .isPresent());
        if (found.isEmpty()) {
            return false;
        }
        Lane lane = found.get();
        writer.accept(
                lane, Proposal.of(adapter, List.of(Events.replaced(adapter, replaced), Events.cut(adapter, cut))));
        boolean written = lane.fold()
                .map(AdapterFold::head)
                .filter(head -> head.state().equals(replaced.getHead()))
                .isPresent();
        if (written) {
            LOG.info(
                    "adapter={} round={} head replaced: {}",
                    adapter,
                    replaced.getHead().getRound(),
                    replaced.getReason());
            lane.hold(Instant.EPOCH);
            steps.forget(adapter, mailbox);
        }
        return written;
    }

    /** The ids that an adapter takes no more. */
    TakenOut takenOut(AdapterName adapter) {
        return lanes.apply(adapter)
                .flatMap(Lane::fold)
                .map(fold -> TakenOut.of(fold.head()))
                .orElseGet(TakenOut::none);
    }

    /**
     * Has the head stored, and writes that examples are forgotten from it on. The adapter must be held meanwhile, so that
     * its head stays where it is.
     *
     * @param answer completed with false where it isn't trained here, or isn't at the end of a round
     */
    void forget(AdapterName adapter, Set<String> exampleIds, CompletableFuture<Boolean> answer) {
        Optional<Lane> found = atBoundary(adapter);
        if (found.isEmpty()) {
            answer.complete(false);
            return;
        }
        Lane lane = found.get();
        mailbox.compute(steps.forget(Task.ofHead(lane), exampleIds), result -> {
            if (lane.shard().lost()) {
                answer.complete(false);
            } else if (result.failure().isPresent()) {
                answer.completeExceptionally(result.failure().get());
            } else {
                writer.accept(lane, result.value().orElseThrow());
                answer.complete(takenOut(adapter).forgotten().containsAll(exampleIds));
            }
        });
    }

    /** Where nothing of the adapter is under way. */
    private Optional<Lane> atBoundary(AdapterName adapter) {
        return lanes.apply(adapter).filter(computing.negate()).filter(lane -> lane.fold()
                .filter(fold -> fold.pending().isEmpty())
                .isPresent());
    }
}
