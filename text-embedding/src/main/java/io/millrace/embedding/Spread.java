package io.millrace.embedding;

import java.util.Arrays;
import java.util.List;

/**
 * How near an adapter's own prompts come to its prototypes, from prompts that the prototypes weren't fitted on. This is
 * what a request's similarity is measured against.
 *
 * @param mean of the similarities (cosines)
 * @param deviation their standard deviation
 * @param quantiles the similarities at {@link #LEVELS}, ascending
 */
public record Spread(float mean, float deviation, List<Float> quantiles) {
    public static final List<Double> LEVELS = List.of(0.01, 0.02, 0.05, 0.1, 0.25, 0.5);

    /** What a few prompts can't tell: a wide band, which they narrow as there are more of them. */
    private static final double PRIOR_MEAN = 0.5;

    private static final double PRIOR_DEVIATION = 0.15;
    private static final double PRIOR_WEIGHT = 4;

    public Spread {
        quantiles = List.copyOf(quantiles);
        if (quantiles.size() != LEVELS.size()) {
            throw new IllegalArgumentException(LEVELS.size() + " quantiles are needed, not " + quantiles.size());
        }
    }

    /** @param similarities possibly none */
    static Spread of(double[] similarities) {
        double[] sorted = similarities.clone();
        Arrays.sort(sorted);
        double weight = PRIOR_WEIGHT;
        double sum = PRIOR_WEIGHT * PRIOR_MEAN;
        for (double s : sorted) {
            sum += s;
            weight += 1;
        }
        double mean = sum / weight;
        double squares = PRIOR_WEIGHT * (PRIOR_DEVIATION * PRIOR_DEVIATION + (PRIOR_MEAN - mean) * (PRIOR_MEAN - mean));
        for (double s : sorted) {
            squares += (s - mean) * (s - mean);
        }
        double deviation = Math.sqrt(squares / weight);
        return new Spread(
                (float) mean,
                (float) deviation,
                LEVELS.stream().map(l -> quantile(sorted, l, mean, deviation)).toList());
    }

    /** The sample's quantile where the sample is large enough to have one, else a normal one's, never above the mean. */
    private static float quantile(double[] sorted, double level, double mean, double deviation) {
        if (sorted.length * level >= 1) {
            double position = level * (sorted.length - 1);
            int below = (int) position;
            double above = sorted[Math.min(below + 1, sorted.length - 1)];
            return (float) (sorted[below] + (position - below) * (above - sorted[below]));
        }
        double normal = mean + deviation * NORMAL.get(LEVELS.indexOf(level));
        return (float) (sorted.length == 0 ? normal : Math.min(normal, sorted[0]));
    }

    /** The standard normal's quantiles at {@link #LEVELS}. */
    private static final List<Double> NORMAL = List.of(-2.326, -2.054, -1.645, -1.282, -0.674, 0.0);
}
