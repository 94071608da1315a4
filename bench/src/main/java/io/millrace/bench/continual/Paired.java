package io.millrace.bench.continual;

import java.util.List;
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
     * How far the ratio may be off either way for the choice of test examples, with 95 % confidence. The choice of seeds
     * comes on top.
     */
    double uncertainty() {
        int examples = streamed.get(0).losses().size();
        double[] differences = IntStream.range(0, examples)
                .mapToDouble(i -> mean(streamed, i) - mean(offline, i))
                .toArray();
        double mean = streamedLoss() - offlineLoss();
        double squares = 0;
        for (double difference : differences) {
            squares += (difference - mean) * (difference - mean);
        }
        return QUANTILE * Math.sqrt(squares / (examples - 1) / examples) / offlineLoss();
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
