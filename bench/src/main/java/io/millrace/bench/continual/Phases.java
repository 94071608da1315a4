package io.millrace.bench.continual;

import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/**
 * How each task is known after each phase of a sequence of tasks, and what that says of forgetting.
 *
 * @param scores [phase][task], tasks up to the phase
 */
record Phases(List<List<Score>> scores) {

    /** Mean over all tasks at the end. */
    double averageAccuracy() {
        return last().stream().mapToDouble(Score::accuracy).average().orElseThrow();
    }

    double averageLoss() {
        return last().stream().mapToDouble(Score::loss).average().orElseThrow();
    }

    /**
     * What later tasks did to earlier ones (Lopez-Paz and Ranzato 2017): mean of the accuracy at the end less the one right
     * after the task, over all tasks but the last.
     */
    double backwardTransfer() {
        return overEarlier(
                task -> last().get(task).accuracy() - scores.get(task).get(task).accuracy());
    }

    /** What was lost of the best accuracy that a task once had (Chaudhry et al. 2018), over all tasks but the last. */
    double forgetting() {
        return overEarlier(task -> over(task, Score::accuracy).max().orElseThrow()
                - last().get(task).accuracy());
    }

    /** How far the loss of earlier tasks stands above its lowest, over all tasks but the last. */
    double lossForgetting() {
        return overEarlier(
                task -> last().get(task).loss() - over(task, Score::loss).min().orElseThrow());
    }

    private List<Score> last() {
        return scores.get(scores.size() - 1);
    }

    private double overEarlier(ToDoubleFunction<Integer> ofTask) {
        return IntStream.range(0, scores.size() - 1)
                .mapToDouble(ofTask::applyAsDouble)
                .average()
                .orElse(Double.NaN);
    }

    private DoubleStream over(int task, ToDoubleFunction<Score> figure) {
        return scores.stream().skip(task).map(phase -> phase.get(task)).mapToDouble(figure);
    }
}
