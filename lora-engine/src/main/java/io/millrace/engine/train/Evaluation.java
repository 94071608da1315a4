package io.millrace.engine.train;

import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * How well a model knows some sequences.
 *
 * @param sequences how many
 * @param tokens labelled ones of all
 * @param loss mean negative log-likelihood of the labelled tokens
 * @param tokenAccuracy share of labelled tokens that are the first choice after all tokens before them
 * @param accuracy share of sequences whose labelled part greedy decoding would give exactly
 */
public record Evaluation(int sequences, long tokens, double loss, double tokenAccuracy, double accuracy) {

    /** @param scores at least one */
    public static Evaluation of(List<SequenceScore> scores) {
        long tokens = scores.stream().mapToLong(SequenceScore::tokens).sum();
        return new Evaluation(
                scores.size(),
                tokens,
                sum(scores, score -> score.loss() * score.tokens()) / tokens,
                sum(scores, SequenceScore::right) / tokens,
                sum(scores, score -> score.exact() ? 1 : 0) / scores.size());
    }

    public double perplexity() {
        return Math.exp(loss);
    }

    private static double sum(List<SequenceScore> scores, ToDoubleFunction<SequenceScore> of) {
        return scores.stream().mapToDouble(of).sum();
    }
}
