package io.millrace.engine.compose;

import io.millrace.core.LoraPair;
import java.util.Arrays;

/** Writes an adapter into a dense weight: W + s B A, products in float64, rounded once. */
public final class DenseMerge {
    private DenseMerge() {}

    /**
     * @param weight [out, in] row-major, not changed
     * @param scale s of the adapter, times its weight in a composition
     */
    public static float[] merge(float[] weight, LoraPair pair, double scale) {
        float[] merged = new float[weight.length];
        double[] row = new double[pair.in()];
        for (int o = 0; o < pair.out(); o++) {
            Arrays.fill(row, 0);
            for (int r = 0; r < pair.rank(); r++) {
                double factor = scale * pair.b()[o * pair.rank() + r];
                for (int i = 0; i < pair.in(); i++) {
                    row[i] += factor * pair.a()[r * pair.in() + i];
                }
            }
            for (int i = 0; i < pair.in(); i++) {
                merged[o * pair.in() + i] = (float) (weight[o * pair.in() + i] + row[i]);
            }
        }
        return merged;
    }
}
