package io.millrace.engine.train;

/**
 * How well a model knows one sequence.
 *
 * @param loss mean negative log-likelihood of its labelled tokens
 * @param tokens labelled ones
 * @param right of these, those that are the model's first choice after all tokens before them
 */
public record SequenceScore(double loss, int tokens, int right) {

    /** Whether greedy decoding would give exactly what is labelled. */
    public boolean exact() {
        return right == tokens;
    }
}
