package io.millrace.engine.text;

import io.millrace.core.TrainingExample;

/** Turns an example into tokens and labels, in the terms of one base. Deterministic. */
public interface ExampleEncoder {

    /**
     * Where the base has a chat template, prompt and completion are its user and assistant turns, else they are joined
     * as they are; the end-of-turn token belongs to the completion.
     *
     * @param maxLength tokens; prompt tokens are dropped from the left to fit, never the completion
     * @throws io.millrace.core.MillraceException {@code too_long} where the completion alone exceeds the length,
     *     {@code no_trainable_tokens}, {@code bad_role_order}
     */
    TrainingSequence encode(TrainingExample example, int maxLength);
}
