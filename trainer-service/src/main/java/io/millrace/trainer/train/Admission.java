package io.millrace.trainer.train;

import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.engine.text.TrainingSequence;
import io.millrace.proto.internal.CuratedExample;

/** Whether an accepted example can be trained under its adapter's settings. Deterministic. */
public record Admission(Examples examples) {

    /** What the answer is. */
    public sealed interface Answer {}

    public record Fits(TrainingSequence sequence) implements Answer {}

    public record Refused(ErrorCode code, String message) implements Answer {}

    /**
     * @param out what the adapter takes no more
     * @param maxLength tokens
     */
    public Answer of(CuratedExample example, TakenOut out, int maxLength) {
        if (out.forgotten().contains(example.getExampleId())) {
            return new Refused(ErrorCode.FORGOTTEN, "it was forgotten; its text isn't kept");
        }
        if (out.excluded().contains(example.getExampleId())) {
            return new Refused(ErrorCode.EXCLUDED, "it was removed from this adapter by a rebuild");
        }
        try {
            return new Fits(examples.sequence(example, maxLength));
        } catch (MillraceException e) {
            if (e.code().retryable()) {
                throw e;
            }
            return new Refused(e.code(), e.getMessage());
        } catch (RuntimeException e) {
            // No record stops its adapter, not even one that the encoder trips over.
            return new Refused(ErrorCode.TRAINING_FAILED, "no training sequence can be made of it: " + e);
        }
    }
}
