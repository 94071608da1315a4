package io.millrace.router.select;

import java.util.random.RandomGenerator;

/**
 * The automatic steps' dice.
 *
 * @param exploration probability that a step chooses uniformly among all it could choose, in (0, 1)
 * @param canaryShare fraction of an adapter's traffic that its alias {@code canary} gets, in [0, 1)
 */
public record Chance(RandomGenerator random, double exploration, double canaryShare) {

    /** Below this, exploration would make a propensity 0 or 1 in the arithmetic of those who divide by it. */
    private static final double LEAST_EXPLORATION = 1e-6;

    public Chance {
        if (!(exploration >= 0 && exploration < 1)) {
            throw new IllegalArgumentException("exploration must be in [0, 1), not " + exploration);
        }
        if (!(canaryShare >= 0 && canaryShare < 1)) {
            throw new IllegalArgumentException("canary share must be in [0, 1), not " + canaryShare);
        }
        exploration = Math.max(exploration, LEAST_EXPLORATION);
    }

    boolean explores() {
        return random.nextDouble() < exploration;
    }

    int uniform(int bound) {
        return random.nextInt(bound);
    }

    /** Probability of one of {@code actions} ways, of which evidence prefers this one or not. */
    double propensity(boolean preferred, int actions) {
        return exploration / actions + (preferred ? 1 - exploration : 0);
    }

    boolean takesCanary() {
        return random.nextDouble() < canaryShare;
    }
}
