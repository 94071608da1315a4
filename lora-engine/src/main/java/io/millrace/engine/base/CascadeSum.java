package io.millrace.engine.base;

/**
 * The float32 sum of PyTorch's CPU kernel with 8 lanes (aten/src/ATen/native/cpu/SumKernel.cpp), in its order of
 * additions. The mean that double quantisation subtracts comes from it in the reference, and one last bit of that mean
 * moves some absmax to another code.
 */
final class CascadeSum {
    private static final int LANES = 8;
    private static final int INTERLEAVED = 4;
    private static final int LEVELS = 4;

    private CascadeSum() {}

    static float of(float[] values) {
        int vectors = values.length / LANES;
        float[] lanes = new float[LANES];
        for (int lane = 0; lane < LANES; lane++) {
            lanes[lane] = lane(values, lane, vectors);
        }
        float sum = 0;
        for (int i = vectors * LANES; i < values.length; i++) {
            sum += values[i];
        }
        for (float lane : lanes) {
            sum += lane;
        }
        return sum;
    }

    /** Of every 8th value: four interleaved sums, then what is left of the last four, then the four together. */
    private static float lane(float[] values, int lane, int vectors) {
        int rows = vectors / INTERLEAVED;
        float[] partial = new float[INTERLEAVED];
        for (int k = 0; k < INTERLEAVED; k++) {
            partial[k] = cascade(values, lane + k * LANES, rows);
        }
        for (int i = rows * INTERLEAVED; i < vectors; i++) {
            partial[0] += values[lane + i * LANES];
        }
        for (int k = 1; k < INTERLEAVED; k++) {
            partial[0] += partial[k];
        }
        return partial[0];
    }

    /** Sums of sums of sums: each level takes over what the one below it has gathered in a power of two of steps. */
    private static float cascade(float[] values, int first, int rows) {
        int levelPower = Math.max(4, ceilLog2(rows) / LEVELS);
        int step = 1 << levelPower;
        float[] level = new float[LEVELS];
        int i = 0;
        while (i + step <= rows) {
            for (int end = i + step; i < end; i++) {
                level[0] += values[first + i * INTERLEAVED * LANES];
            }
            for (int j = 1; j < LEVELS; j++) {
                level[j] += level[j - 1];
                level[j - 1] = 0;
                if ((i & ((step - 1) << (j * levelPower))) != 0) {
                    break;
                }
            }
        }
        for (; i < rows; i++) {
            level[0] += values[first + i * INTERLEAVED * LANES];
        }
        for (int j = 1; j < LEVELS; j++) {
            level[0] += level[j];
        }
        return level[0];
    }

    private static int ceilLog2(int x) {
        return x <= 2 ? 1 : 32 - Integer.numberOfLeadingZeros(x - 1);
    }
}
