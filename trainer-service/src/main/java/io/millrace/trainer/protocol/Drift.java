package io.millrace.trainer.protocol;

import io.millrace.proto.internal.DriftState;

/**
 * Finds where what comes in has changed, from the loss before the update: the Page-Hinkley test (Page 1954, Hinkley 1971)
 * for a rise. Each loss counts in standard deviations from a fading mean, so that one threshold suits every task and the
 * slow fall of a loss that is being learnt isn't held against later ones. Only additions, products, quotients and roots:
 * the same losses give the same bits everywhere.
 */
final class Drift {
    /** Losses before the test looks at any: mean and deviation must be known first. */
    private static final long BURN_IN = 30;

    /** What the newest loss counts in mean and deviation: they follow about the last hundred. */
    private static final double FADING = 0.01;

    /** A rise of less than this many standard deviations is none. */
    private static final double SLACK = 0.25;

    /** One odd example counts this many standard deviations at most. */
    private static final double MOST = 4;

    private Drift() {}

    /** @param shifted whether the threshold was passed; the test has then started anew */
    record Seen(DriftState state, boolean shifted) {}

    static Seen after(DriftState before, Iterable<Double> losses, double threshold) {
        DriftState state = before;
        boolean shifted = false;
        for (double loss : losses) {
            state = after(state, loss);
            if (state.getStatistic() > threshold) {
                shifted = true;
                state = DriftState.getDefaultInstance();
            }
        }
        return new Seen(state, shifted);
    }

    private static DriftState after(DriftState before, double loss) {
        long count = before.getLosses() + 1;
        double distance = loss - before.getMean();
        double part = Math.max(FADING, 1.0 / count);
        double step = part * distance;
        return DriftState.newBuilder()
                .setLosses(count)
                .setMean(before.getMean() + step)
                .setVariance((1 - part) * (before.getVariance() + distance * step))
                .setStatistic(count <= BURN_IN ? 0 : Math.max(0, before.getStatistic() + deviation(before, distance)))
                .build();
    }

    /** A sum that never falls below zero stands as far above its lowest as the test's sum of deviations does. */
    private static double deviation(DriftState before, double distance) {
        double spread = Math.sqrt(before.getVariance());
        double deviations = spread > 0 ? distance / spread : Math.signum(distance) * MOST;
        return Math.min(MOST, deviations) - SLACK;
    }
}
