package io.millrace.trainer.publish;

import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * Paired bootstrap (Efron 1979): how sure it is that one model is worse than another on examples that both were measured
 * with. Resamples the examples' differences with replacement and looks at the means. Seeded, hence repeatable.
 *
 * @param lower bound of the mean difference, candidate minus champion; it lies below with probability 1 - confidence
 * @param upper bound alike; it lies above with probability 1 - confidence
 * @param worseShare of the resamples whose mean difference is above what is tolerated
 */
record Bootstrap(double lower, double upper, double worseShare) {
    static final int RESAMPLES = 1_000;

    /**
     * @param candidate [n] losses
     * @param champion [n] losses on the same examples
     * @param tolerated mean difference that is let pass
     * @param confidence in [0.5, 1)
     */
    static Bootstrap of(double[] candidate, double[] champion, double tolerated, double confidence, long seed) {
        int n = candidate.length;
        SplittableRandom random = new SplittableRandom(seed);
        double[] means = new double[RESAMPLES];
        for (int resample = 0; resample < RESAMPLES; resample++) {
            double sum = 0;
            for (int i = 0; i < n; i++) {
                int drawn = random.nextInt(n);
                sum += candidate[drawn] - champion[drawn];
            }
            means[resample] = sum / n;
        }
        Arrays.sort(means);
        long worse = Arrays.stream(means).filter(mean -> mean > tolerated).count();
        int tail = (int) ((1 - confidence) * RESAMPLES);
        return new Bootstrap(means[tail], means[RESAMPLES - 1 - tail], (double) worse / RESAMPLES);
    }
}
