package io.millrace.engine.train;

import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;

/**
 * Learning rate by step: a linear warm-up from peak / warmup to the peak, then one of three shapes.
 *
 * @param peak learning rate after the warm-up
 * @param warmupSteps steps of the warm-up; the first step already learns
 * @param totalSteps steps until a falling schedule reaches zero; no matter for CONSTANT
 */
public record LearningRateSchedule(Shape shape, double peak, long warmupSteps, long totalSteps) {

    /** What comes after the warm-up. */
    public enum Shape {
        CONSTANT,
        /** Falls in a straight line to zero. */
        LINEAR,
        /** Falls to zero as half a cosine wave (Loshchilov and Hutter 2017, without restarts). */
        COSINE
    }

    public LearningRateSchedule {
        if (!(peak > 0) || Double.isInfinite(peak)) {
            throw new MillraceException(ErrorCode.BAD_SETTING, "the learning rate must be positive, not " + peak);
        }
        if (warmupSteps < 0) {
            throw new MillraceException(ErrorCode.BAD_SETTING, "warm-up can't have " + warmupSteps + " steps");
        }
        if (shape != Shape.CONSTANT && totalSteps <= warmupSteps) {
            throw new MillraceException(
                    ErrorCode.BAD_SETTING,
                    "a " + shape + " schedule needs more than its " + warmupSteps + " warm-up steps, not "
                            + totalSteps);
        }
    }

    public static LearningRateSchedule constant(double peak, long warmupSteps) {
        return new LearningRateSchedule(Shape.CONSTANT, peak, warmupSteps, Long.MAX_VALUE);
    }

    /** @param step steps taken before this one */
    public double at(long step) {
        if (step < warmupSteps) {
            return peak * (step + 1) / warmupSteps;
        }
        double progress = Math.min(1, (double) (step - warmupSteps) / (totalSteps - warmupSteps));
        return switch (shape) {
            case CONSTANT -> peak;
            case LINEAR -> peak * (1 - progress);
            case COSINE -> peak * (1 + Math.cos(Math.PI * progress)) / 2;
        };
    }
}
