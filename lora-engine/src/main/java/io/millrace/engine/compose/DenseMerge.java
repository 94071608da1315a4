package io.millrace.engine.compose;

import io.millrace.core.LoraPair;
import java.util.Arrays;
import java.util.List;

/** Writes adapters into a dense weight: W + sum s_i B_i A_i, products and sum in float64, rounded once. */
public final class DenseMerge {
    private DenseMerge() {}

    /**
     * One adapter's part.
     *
     * @param scale s of the adapter, times its weight in a composition
     */
    public record Term(LoraPair pair, double scale) {}

    /**
     * @param weight [out, in] row-major, not changed
     * @param terms of the weight's shape
     */
    public static float[] merge(float[] weight, List<Term> terms) {
        float[] merged = weight.clone();
        if (terms.isEmpty()) {
            return merged;
        }
        int in = terms.get(0).pair().in();
        double[] row = new double[in];
        for (int o = 0; o < weight.length / in; o++) {
            Arrays.fill(row, 0);
            for (Term term : terms) {
                addRow(term, o, row);
            }
            for (int i = 0; i < in; i++) {
                merged[o * in + i] = (float) (weight[o * in + i] + row[i]);
            }
        }
        return merged;
    }

    private static void addRow(Term term, int o, double[] row) {
        LoraPair pair = term.pair();
        for (int r = 0; r < pair.rank(); r++) {
            double factor = term.scale() * pair.b()[o * pair.rank() + r];
            for (int i = 0; i < row.length; i++) {
                row[i] += factor * pair.a()[r * row.length + i];
            }
        }
    }
}
