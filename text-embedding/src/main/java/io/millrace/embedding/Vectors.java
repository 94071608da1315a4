package io.millrace.embedding;

import java.util.Arrays;

/** Sums in double and in one order, so that equal inputs give equal bits. */
final class Vectors {
    private Vectors() {}

    static double dot(float[] x, float[] y) {
        double sum = 0;
        for (int i = 0; i < x.length; i++) {
            sum += (double) x[i] * y[i];
        }
        return sum;
    }

    /** Scaled to length 1; a zero vector stays zero. */
    static float[] normalised(double[] x) {
        double length = Math.sqrt(Arrays.stream(x).map(v -> v * v).sum());
        float[] unit = new float[x.length];
        for (int i = 0; i < x.length; i++) {
            unit[i] = length == 0 ? 0 : (float) (x[i] / length);
        }
        return unit;
    }
}
