package io.millrace.engine.base;

import io.millrace.core.BaseDescription;
import io.millrace.core.BaseDescription.Llama3Scaling;

/**
 * Cosines and sines of the rotary embedding, as transformers computes them: frequencies and angles in float32. The first
 * half of each row of sines is negated, as rotating then needs no negation.
 *
 * @param cos [positions, headDim]
 * @param sin [positions, headDim]
 */
public record RotaryTables(float[] cos, float[] sin) {

    public static RotaryTables of(BaseDescription base, int positions) {
        float[] frequencies = frequencies(base);
        int half = frequencies.length;
        float[] cos = new float[positions * 2 * half];
        float[] sin = new float[cos.length];
        for (int p = 0; p < positions; p++) {
            for (int i = 0; i < half; i++) {
                float angle = p * frequencies[i];
                int at = p * 2 * half + i;
                cos[at] = cos[at + half] = (float) Math.cos(angle);
                sin[at + half] = (float) Math.sin(angle);
                sin[at] = -sin[at + half];
            }
        }
        return new RotaryTables(cos, sin);
    }

    private static float[] frequencies(BaseDescription base) {
        float[] frequencies = new float[base.headDim() / 2];
        for (int i = 0; i < frequencies.length; i++) {
            float exponent = 2f * i / base.headDim();
            float frequency = 1 / (float) Math.pow(base.rope().theta(), exponent);
            frequencies[i] =
                    base.rope().scaling().map(s -> scaled(frequency, s)).orElse(frequency);
        }
        return frequencies;
    }

    /** transformers' {@code _compute_llama3_parameters}: long waves are stretched, short ones kept, between them mixed. */
    private static float scaled(float frequency, Llama3Scaling s) {
        float wavelength = (float) (2 * Math.PI) / frequency;
        if (wavelength < s.originalMaxPositions() / s.highFreqFactor()) {
            return frequency;
        }
        if (wavelength > s.originalMaxPositions() / s.lowFreqFactor()) {
            return (float) (frequency / s.factor());
        }
        float smooth = (float) ((s.originalMaxPositions() / wavelength - s.lowFreqFactor())
                / (s.highFreqFactor() - s.lowFreqFactor()));
        return (1 - smooth) * (float) (frequency / s.factor()) + smooth * frequency;
    }
}
