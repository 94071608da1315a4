package io.millrace.trainer.forget;

import com.fasterxml.jackson.databind.JsonNode;
import io.millrace.core.AdapterName;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.proto.internal.Forgetting;
import io.millrace.registry.AdapterEntry;
import io.millrace.trainer.job.Job;
import io.millrace.trainer.job.Waits;
import io.millrace.trainer.proof.History;
import io.millrace.trainer.proof.ProofContext;
import io.millrace.trainer.proof.Sightings;
import io.millrace.trainer.proof.Unprovable;
import io.millrace.trainer.protocol.CrashPoint;
import io.millrace.trainer.train.EraseArchives;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * Erases the texts of examples. First the journal says that they are forgotten: from there on no round needs them, and the
 * head that training goes on from is stored. Only then are texts erased, from archives and topics. It may end anywhere
 * and be asked for again.
 *
 * @param ids of the examples
 * @param keepTopics whether what topics hold of them is left to the topics' retention
 */
public record ForgetJob(ProofContext context, AdapterName adapter, Set<String> ids, boolean keepTopics) implements Job {
    private static final Duration HOLD = Duration.ofMinutes(1);
    private static final Duration AT_MOST = Duration.ofMinutes(2);
    private static final int STEPS = 3;

    public ForgetJob {
        ids = Set.copyOf(ids);
    }

    public static ForgetJob of(ProofContext context, Forgetting asked) {
        return new ForgetJob(
                context,
                AdapterName.parse(asked.getAdapter()),
                Set.copyOf(asked.getExampleIdsList()),
                asked.getKeepTopics());
    }

    @Override
    public String kind() {
        return "forget";
    }

    @Override
    public JsonNode run(Watch watch) {
        watch.progress(0, STEPS, "journal");
        if (!history().now().head().forgottenIds().containsAll(ids)) {
            forget(watch);
        }
        watch.progress(1, STEPS, "archives");
        int archives = new EraseArchives(context.store(), adapter).erase(ids, watch::cancelled);
        CrashPoint.AFTER_ARCHIVES.pass();
        watch.progress(2, STEPS, "topics");
        List<ErasedRecords> topics =
                keepTopics ? List.of() : new EraseRecords(context.kafka(), adapter, ids).erase(watch);
        CrashPoint.AFTER_TOPICS.pass();
        watch.progress(STEPS, STEPS, "");
        return result(archives, topics);
    }

    private History history() {
        return context.journal()
                .of(adapter)
                .orElseThrow(() -> new MillraceException(
                        ErrorCode.UNKNOWN_ADAPTER, "the journal knows nothing of " + adapter + ": it has no rounds"));
    }

    /** At the end of a round, the head standing still meanwhile. */
    private void forget(Watch watch) {
        long deadline = System.nanoTime() + AT_MOST.toNanos();
        do {
            if (!Waits.answer(context.worker().hold(adapter, HOLD))) {
                throw context.movedAway(adapter);
            }
            if (Waits.answer(context.worker().forget(adapter, ids))) {
                boolean unused = Waits.answer(context.worker().hold(adapter, Duration.ZERO));
                return;
            }
            Waits.pause(watch);
        } while (System.nanoTime() < deadline);
        throw new MillraceException(
                ErrorCode.NOT_READY,
                "a round of " + adapter + " doesn't come to its end; is it paused? 'adapters resume' lets it go on");
    }

    private JsonNode result(int archives, List<ErasedRecords> topics) {
        History history = history();
        Sightings sightings = new Sightings(history);
        TreeSet<String> notFound = new TreeSet<>(ids);
        notFound.removeAll(sightings.recorded(ids));
        Set<String> forgotten = history.now().head().forgottenIds();
        List<Unprovable> unprovable =
                context.registry().view().adapter(adapter).map(AdapterEntry::versions).orElse(List.of()).stream()
                        .flatMap(version -> Unprovable.of(history, context.rebuilds(), version, forgotten).stream())
                        .toList();
        List<String> trainedOn = sightings.versionsTrainedOn(ids, context.rebuilds()).stream()
                .map(id -> id.hex())
                .toList();
        return new ForgetResult(
                        adapter.toString(),
                        List.copyOf(new TreeSet<>(ids)),
                        List.copyOf(notFound),
                        archives,
                        topics,
                        trainedOn,
                        unprovable,
                        ForgetResult.left(context.kafka().topics(), keepTopics))
                .json();
    }
}
