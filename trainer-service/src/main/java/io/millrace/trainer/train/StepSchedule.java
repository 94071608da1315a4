package io.millrace.trainer.train;

import io.millrace.engine.train.LearningRateSchedule;
import io.millrace.engine.train.StepOptions;

/**
 * What an optimizer step uses, by the steps taken since the learning rate last began to rise: at the adapter's start,
 * after idleness, after a shift.
 *
 * @param learningRate after the warm-up
 * @param clip largest norm of the gradient
 * @param microBatch sequences in one forward pass
 * @param averageDecay largest decay of the running average of the weights; 0: none is kept
 */
public record StepSchedule(double learningRate, int warmupSteps, double clip, int microBatch, double averageDecay) {

    /** @param step steps taken since the rise, before this one */
    public StepOptions at(long step) {
        StepOptions options = StepOptions.of(
                        LearningRateSchedule.constant(learningRate, warmupSteps).at(step), microBatch)
                .withClip(clip);
        return averageDecay > 0 ? options.withAverage(decay(step)) : options;
    }

    /**
     * The average's window grows with the steps it can look back on, n / 9 of them at step n (as TensorFlow's
     * ExponentialMovingAverage does with {@code num_updates}): it drags no untrained weights along, and after idleness
     * or a shift a few new examples show in what is published.
     */
    private double decay(long step) {
        return Math.min(averageDecay, (2.0 + step) / (11.0 + step));
    }
}
