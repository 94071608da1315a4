package io.millrace.trainer.desk;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.millrace.core.AdapterName;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.trainer.job.Job;
import io.millrace.trainer.proof.ProofContext;
import io.millrace.trainer.worker.Answers;
import java.time.Duration;
import java.util.function.Predicate;

/**
 * Makes a version of all that the adapter has waiting now due at once. That takes no time, so it needn't queue.
 *
 * @param trainedHere whether this trainer's worker has the adapter's partition now
 */
record CutJob(ProofContext context, AdapterName adapter, Predicate<AdapterName> trainedHere) implements Job {
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    @Override
    public String kind() {
        return "cut";
    }

    @Override
    public JsonNode run(Watch watch) {
        return request();
    }

    /**
     * Says that it is due.
     *
     * @throws MillraceException {@code unknown_adapter} where no example of it has come, {@code moved_away},
     *     {@code not_ready}
     */
    JsonNode request() {
        if (!Answers.of(context.worker().requestCut(adapter), PATIENCE)) {
            throw trainedHere.test(adapter)
                    ? new MillraceException(
                            ErrorCode.UNKNOWN_ADAPTER,
                            "the worker that would train " + adapter + " (" + context.actor()
                                    + ") has nothing of it; push examples first")
                    : context.movedAway(adapter);
        }
        return JsonNodeFactory.instance
                .objectNode()
                .put("adapter", adapter.toString())
                .put("requested", true);
    }
}
