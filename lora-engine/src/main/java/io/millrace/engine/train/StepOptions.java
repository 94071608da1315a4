package io.millrace.engine.train;

import java.util.OptionalDouble;
import java.util.OptionalLong;

/**
 * One optimizer step (AdamW, Loshchilov and Hutter 2019, with bias correction).
 *
 * @param learningRate already scheduled
 * @param clip largest global gradient norm; empty: none
 * @param dropoutSeed seed of this step's dropout masks; empty: no dropout
 * @param averageDecay of the running average of the weights, already scheduled; empty: none is kept
 * @param microBatch sequences per forward pass; the gradient is the same whatever it is, up to rounding
 */
public record StepOptions(
        double learningRate,
        double beta1,
        double beta2,
        double epsilon,
        double weightDecay,
        OptionalDouble clip,
        OptionalLong dropoutSeed,
        OptionalDouble averageDecay,
        int microBatch) {

    public static StepOptions of(double learningRate, int microBatch) {
        return new StepOptions(
                learningRate,
                0.9,
                0.999,
                1e-8,
                0,
                OptionalDouble.empty(),
                OptionalLong.empty(),
                OptionalDouble.empty(),
                microBatch);
    }

    public StepOptions withClip(double clip) {
        return new StepOptions(
                learningRate,
                beta1,
                beta2,
                epsilon,
                weightDecay,
                OptionalDouble.of(clip),
                dropoutSeed,
                averageDecay,
                microBatch);
    }

    public StepOptions withDropoutSeed(long seed) {
        return new StepOptions(
                learningRate,
                beta1,
                beta2,
                epsilon,
                weightDecay,
                clip,
                OptionalLong.of(seed),
                averageDecay,
                microBatch);
    }

    /** @param decay in (0, 1): the part of the average that stays at this step */
    public StepOptions withAverage(double decay) {
        return new StepOptions(
                learningRate,
                beta1,
                beta2,
                epsilon,
                weightDecay,
                clip,
                dropoutSeed,
                OptionalDouble.of(decay),
                microBatch);
    }
}
