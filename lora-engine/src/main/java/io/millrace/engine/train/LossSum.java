package io.millrace.engine.train;

import io.millrace.engine.text.TrainingSequence;
import java.util.List;

/** Losses of a step's sequences, summed in float64 in their order. */
final class LossSum {
    private final List<TrainingSequence> sequences;
    private final double[] sums;
    private final double weightedTokens;

    LossSum(List<TrainingSequence> sequences) {
        this.sequences = sequences;
        this.sums = new double[sequences.size()];
        this.weightedTokens = sequences.stream()
                .mapToDouble(s -> s.weight() * s.labelledTokens())
                .sum();
    }

    /** What each labelled token's loss counts in the step's loss. */
    float[] coefficients(MicroBatch batch) {
        float[] coefficients = new float[batch.owner().length];
        for (int i = 0; i < coefficients.length; i++) {
            coefficients[i] = (float) (sequences.get(batch.owner()[i]).weight() / weightedTokens);
        }
        return coefficients;
    }

    void add(MicroBatch batch, float[] nll) {
        for (int i = 0; i < nll.length; i++) {
            sums[batch.owner()[i]] += nll[i];
        }
    }

    double[] bySequence() {
        double[] means = new double[sums.length];
        for (int i = 0; i < means.length; i++) {
            means[i] = sums[i] / sequences.get(i).labelledTokens();
        }
        return means;
    }

    double loss() {
        double sum = 0;
        for (int i = 0; i < sums.length; i++) {
            sum += sequences.get(i).weight() * sums[i];
        }
        return sum / weightedTokens;
    }

    int labelledTokens() {
        return sequences.stream().mapToInt(TrainingSequence::labelledTokens).sum();
    }
}
