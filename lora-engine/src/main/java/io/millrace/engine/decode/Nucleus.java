package io.millrace.engine.decode;

import java.util.OptionalInt;

/**
 * Sampling with temperature from the smallest set of tokens whose probability reaches p (Holtzman et al. 2020).
 *
 * @param temperature above 0
 * @param p in (0, 1]; 1: all tokens
 */
record Nucleus(double temperature, double p) {

    /**
     * @param logits the largest ones, descending
     * @param normaliser logarithm of the sum of exponentials of all logits / temperature
     * @param all whether these are all logits there are
     * @param draw uniform in [0, 1)
     * @return index of the chosen logit; empty where it takes more logits to say
     */
    OptionalInt choose(float[] logits, double normaliser, boolean all, double draw) {
        double target = draw * (p >= 1 ? 1 : massOfNucleus(logits, normaliser, all));
        if (Double.isNaN(target)) {
            return OptionalInt.empty();
        }
        double sum = 0;
        for (int i = 0; i < logits.length; i++) {
            sum += probability(logits[i], normaliser);
            if (sum > target) {
                return OptionalInt.of(i);
            }
        }
        return all ? OptionalInt.of(logits.length - 1) : OptionalInt.empty();
    }

    /** NaN where the nucleus is larger than these logits. */
    private double massOfNucleus(float[] logits, double normaliser, boolean all) {
        double sum = 0;
        for (float logit : logits) {
            sum += probability(logit, normaliser);
            if (sum >= p) {
                return sum;
            }
        }
        return all ? sum : Double.NaN;
    }

    private double probability(float logit, double normaliser) {
        return Math.exp(logit / temperature - normaliser);
    }
}
