package io.millrace.engine.train;

import io.millrace.core.BaseDescription;
import io.millrace.core.BaseDescription.Llama3Scaling;

/**
 * Cosines and sines of the rotary embedding, frequencies and angles in float32 as transformers has them. The first half
 * of each row of sines is negated.
 *
 * @param cosThenSin [2, positions, headDim]
 */
record RotaryTable(float[] cosThenSin) {

    static RotaryTable of(BaseDescription base, int positions) {
        int half = base.headDim() / 2;
        int sines = positions * 2 * half;
        float[] table = new float[2 * sines];
        for (int i = 0; i < half; i++) {
            float frequency = frequency(base, i);
            for (int p = 0; p < positions; p++) {
                float angle = p * frequency;
                int at = p * 2 * half + i;
                table[at] = table[at + half] = (float) Math.cos(angle);
                table[sines + at + half] = (float) Math.sin(angle);
                table[sines + at] = -table[sines + at + half];
            }
        }
        return new RotaryTable(table);
    }

    private static float frequency(BaseDescription base, int i) {
        float plain = 1 / (float) Math.pow(base.rope().theta(), 2f * i / base.headDim());
        return base.rope().scaling().map(s -> scaled(plain, s)).orElse(plain);
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
