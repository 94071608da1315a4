package io.millrace.trainer.train;

import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.engine.text.TrainingSequence;
import io.millrace.proto.internal.CuratedExample;
import java.util.Set;

/** Whether an accepted example can be trained under its adapter's settings. Deterministic. */
public record Admission(Examples examples) {

    /** What the answer is. */
    public sealed interface Answer {}

    public record Fits(TrainingSequence sequence) implements Answer {}

    public record Refused(ErrorCode code, String message) implements Answer {}

    /**
     * @param excluded ids that were removed from the adapter
     * @param maxLength tokens
     */
    public Answer of(CuratedExample example, Set<String> excluded, int maxLength) {
        if (excluded.contains(example.getExampleId())) {
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
