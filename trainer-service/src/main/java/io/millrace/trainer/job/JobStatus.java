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

    public enum State {
        QUEUED,
        RUNNING,
        DONE,
        FAILED,
        CANCELLED
    }

    /** Why it failed. */
    public record Failure(String code, String message) {
        static Failure of(MillraceException e) {
            return new Failure(e.code().code(), e.getMessage());
        }
    }

    static JobStatus queued(String id, Job job) {
        return new JobStatus(
                id, job.kind(), job.adapter().toString(), State.QUEUED, 0, 0, "", Optional.empty(), Optional.empty());
    }

    JobStatus progress(long doneNow, long ofNow, String noteNow) {
        return new JobStatus(id, kind, adapter, State.RUNNING, doneNow, ofNow, noteNow, result, error);
    }

    JobStatus ended(State how, Optional<JsonNode> withResult, Optional<Failure> withError) {
        return new JobStatus(id, kind, adapter, how, done, of, note, withResult, withError);
    }

    public boolean ended() {
        return state != State.QUEUED && state != State.RUNNING;
    }
}
