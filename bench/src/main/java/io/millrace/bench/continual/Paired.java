package io.millrace.bench.continual;

import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;
import java.util.stream.IntStream;

/**
 * Two ways to learn a task, measured on the same test examples.
 *
 * @param streamed losses for each seed
 * @param offline likewise
 */
record Paired(List<Score> streamed, List<Score> offline) {
    /** Of a normal distribution, 95 % on both sides. */
    private static final double QUANTILE = 1.96;

    double streamedLoss() {
        return mean(streamed);
    }

    double offlineLoss() {
        return mean(offline);
    }

    double ratio() {
        return streamedLoss() / offlineLoss();
    }

    /**
     * How far the ratio may be off either way for the choice of test examples, with 95 % confidence. What other seeds would
     * give comes on top: {@link #seedsError}.
     */
    double uncertainty() {
        int examples = streamed.get(0).losses().size();
        double[] differences = IntStream.range(0, examples)
                .mapToDouble(i -> mean(streamed, i) - mean(offline, i))
                .toArray();
        return QUANTILE * standardError(differences) / offlineLoss();
    }

    /** The ratio's standard error for the choice of seeds; empty for a single one. */
    OptionalDouble seedsError() {
        if (streamed.size() == 1) {
            return OptionalDouble.empty();
        }
        double[] differences = IntStream.range(0, streamed.size())
                .mapToDouble(i -> streamed.get(i).loss() - offline.get(i).loss())
                .toArray();
        return OptionalDouble.of(standardError(differences) / offlineLoss());
    }

    private static double standardError(double[] values) {
        double mean = Arrays.stream(values).average().orElseThrow();
        double squares = Arrays.stream(values)
                .map(value -> (value - mean) * (value - mean))
                .sum();
        return Math.sqrt(squares / (values.length - 1) / values.length);
    }

    private static double mean(List<Score> scores) {
        return scores.stream().mapToDouble(Score::loss).average().orElseThrow();
    }

    private static double mean(List<Score> scores, int example) {
        return scores.stream()
                .mapToDouble(score -> score.losses().get(example))
                .average()
                .orElseThrow();
    }
}
