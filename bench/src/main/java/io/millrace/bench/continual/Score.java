package io.millrace.bench.continual;

import io.millrace.engine.train.Evaluation;
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
        Evaluation evaluation = Evaluation.of(scores);
        return new Score(
                scores.stream().map(SequenceScore::loss).toList(), evaluation.accuracy(), evaluation.tokenAccuracy());
    }

    double loss() {
        return losses.stream().mapToDouble(Double::doubleValue).average().orElseThrow();
    }
}
