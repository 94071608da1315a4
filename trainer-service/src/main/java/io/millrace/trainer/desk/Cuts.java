package io.millrace.trainer.desk;

import com.fasterxml.jackson.databind.JsonNode;
import io.millrace.core.AdapterName;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.proto.internal.AskedJob;
import io.millrace.trainer.job.JobStatus;
import io.millrace.trainer.job.Waits;
import io.millrace.trainer.proof.ProofContext;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;

/**
 * Asks for versions at whichever trainer's door: at once where it trains the adapter, else by way of the record, which its
 * worker looks at once a second.
 */
public final class Cuts {
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private final ProofContext proofs;
    private final AdapterJobs ofAdapters;
    private final Predicate<AdapterName> trainedHere;
    private final AtomicLong asked = new AtomicLong();

    /** @param trainedHere whether this trainer's worker has the adapter's partition now */
    public Cuts(ProofContext proofs, Predicate<AdapterName> trainedHere, Clock clock) {
        this.proofs = proofs;
        this.ofAdapters = AdapterJobs.in(proofs.store(), clock);
        this.trainedHere = trainedHere;
    }

    /**
     * Makes a version of all that the adapter has waiting now due.
     *
     * @return what was asked for, once the worker that trains the adapter has it
     * @throws MillraceException {@code unknown_adapter} where no example of it has come; {@code not_ready} where no worker
     *     takes it in time: then nothing was asked for; {@code store_unavailable}
     */
    public JsonNode request(AdapterName adapter) {
        if (trainedHere.test(adapter)) {
            try {
                return new CutJob(proofs, adapter, trainedHere).request();
            } catch (MillraceException e) {
                if (e.code() != ErrorCode.MOVED_AWAY) {
                    throw e;
                }
            }
        }
        return requestElsewhere(adapter);
    }

    private JsonNode requestElsewhere(AdapterName adapter) {
        // A name of its own: what came after an earlier request must be in this version.
        String id = "cut-" + proofs.actor() + "-" + asked.incrementAndGet();
        ofAdapters.clear(id);
        ofAdapters
                .asked()
                .put(id, AskedJob.newBuilder().setCut(adapter.toString()).build());
        try {
            return answer(id, adapter);
        } finally {
            ofAdapters.asked().remove(id);
            ofAdapters.clear(id);
        }
    }

    private JsonNode answer(String id, AdapterName adapter) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        Optional<JobStatus> ended = ofAdapters.ended().get(id);
        while (ended.isEmpty() && System.nanoTime() < deadline) {
            Waits.moment();
            ended = ofAdapters.ended().get(id);
        }
        JobStatus status = ended.orElseThrow(() -> new MillraceException(
                ErrorCode.NOT_READY,
                "no worker that trains " + adapter + " has answered within " + PATIENCE.toSeconds()
                        + " s, so no version is due; ask again"));
        return status.result().orElseThrow(() -> refusal(status));
    }

    /** As the worker's own door says it. */
    private static MillraceException refusal(JobStatus status) {
        return status.error()
                .map(failure -> new MillraceException(
                        ErrorCode.of(failure.code()).orElse(ErrorCode.INTERNAL), failure.message()))
                .orElseGet(() -> new MillraceException(ErrorCode.NOT_READY, "somebody cancelled it; ask again"));
    }
}
