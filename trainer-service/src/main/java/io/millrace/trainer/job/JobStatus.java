package io.millrace.trainer.job;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.JsonNode;
import io.millrace.core.MillraceException;
import java.util.Optional;

/**
 * Where a job stands.
 *
 * @param of rounds to compute; 0 while that isn't known
 * @param result of a job that is done
 * @param error of one that failed
 */
@JsonInclude(JsonInclude.Include.NON_ABSENT)
public record JobStatus(
        String id,
        String kind,
        String adapter,
        State state,
        long done,
        long of,
        String note,
        Optional<JsonNode> result,
        Optional<Failure> error) {
    public JobStatus {
        // Whoever reads it from JSON finds a null where there is no result.
        result = result.filter(node -> !node.isNull());
    }

    public enum State {
        QUEUED,
        RUNNING,
        DONE,
        FAILED,
        CANCELLED
    }

    /** Why it failed. */
    public record Failure(String code, String message) {}

    public static JobStatus queued(String id, Job job) {
        return new JobStatus(
                id, job.kind(), job.adapter().toString(), State.QUEUED, 0, 0, "", Optional.empty(), Optional.empty());
    }

    public JobStatus progress(long doneNow, long ofNow, String noteNow) {
        return new JobStatus(id, kind, adapter, State.RUNNING, doneNow, ofNow, noteNow, result, error);
    }

    private JobStatus ended(State how, Optional<JsonNode> withResult, Optional<Failure> withError) {
        return new JobStatus(id, kind, adapter, how, done, of, note, withResult, withError);
    }

    public JobStatus succeeded(JsonNode withResult) {
        return ended(State.DONE, Optional.of(withResult), Optional.empty());
    }

    public JobStatus failed(MillraceException why) {
        return ended(
                State.FAILED,
                Optional.empty(),
                Optional.of(new Failure(why.code().code(), why.getMessage())));
    }

    public JobStatus cancelled() {
        return ended(State.CANCELLED, Optional.empty(), Optional.empty());
    }

    public boolean ended() {
        return state != State.QUEUED && state != State.RUNNING;
    }
}
