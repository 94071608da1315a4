package io.millrace.bench.continual;

import io.millrace.engine.train.SequenceScore;
import java.util.List;

/**
 * How well a task is known.
 *
 * @param losses of each test example
 * @param accuracy share of examples whose completion greedy decoding would give exactly
 * @param tokenAccuracy share of completion tokens that are the first choice
 */
record Score(List<Double> losses, double accuracy, double tokenAccuracy) {

    static Score of(List<SequenceScore> scores) {
        return new Score(
                scores.stream().map(SequenceScore::loss).toList(),
                scores.stream().mapToInt(s -> s.exact() ? 1 : 0).average().orElseThrow(),
                scores.stream().mapToDouble(SequenceScore::right).sum()
                        / scores.stream().mapToDouble(SequenceScore::tokens).sum());
    }

    double loss() {
        return losses.stream().mapToDouble(Double::doubleValue).average().orElseThrow();
    }
}
