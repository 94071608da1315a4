package io.millrace.vector;

import static io.millrace.vector.Bf16.high;
import static io.millrace.vector.Bf16.low;
import static io.millrace.vector.VectorUnit.LANES;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * A and B of one module of an adapter (Hu et al. 2021) in bfloat16. A's lines have sixteen ranks for two inputs, B's lines
 * thirty-two outputs for one rank, so that neither product has to add up the lanes of a vector.
 */
public final class LoraMatrices {
    private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_512;
    private static final VectorSpecies<Integer> INTS = IntVector.SPECIES_512;

    private final int rank;
    private final int in;
    private final int out;
    private final int tiles;
    private final int[] a;
    private final int[] b;

    /**
     * @param a [rank, in], row-major; {@code in} is a multiple of four
     * @param b [out, rank], row-major; {@code out} is a multiple of 32
     * @param scale s of s B A, folded into B before it is rounded
     */
    public LoraMatrices(int rank, int in, int out, float[] a, float[] b, float scale) {
        this.rank = rank;
        this.in = in;
        this.out = out;
        this.tiles = (rank + LANES - 1) / LANES;
        this.a = new int[tiles * (in / 2) * LANES];
        this.b = new int[out / 2 * rank];
        for (int r = 0; r < rank; r++) {
            for (int k = 0; k < in; k += 2) {
                this.a[(r / LANES * (in / 2) + k / 2) * LANES + r % LANES] =
                        Bf16.pair(a[r * in + k], a[r * in + k + 1]);
            }
        }
        for (int o = 0; o < out; o++) {
            int line = o / StreamedMatrix.GROUP * rank;
            int shift = o % StreamedMatrix.GROUP < LANES ? 0 : Short.SIZE;
            for (int r = 0; r < rank; r++) {
                this.b[(line + r) * LANES + o % LANES] |= Bf16.bits(b[o * rank + r] * scale) << shift;
            }
        }
    }

    /** Bytes of the heap. */
    public long sizeBytes() {
        return (long) (a.length + b.length) * Integer.BYTES;
    }

    /** Numbers that {@link #add} needs room for. */
    int roomForRanks() {
        return tiles * LANES;
    }

    /**
     * Adds weight s B A x to y.
     *
     * @param ranks room for A x
     */
    void add(float weight, float[] x, int xStart, float[] y, int yStart, float[] ranks) {
        for (int t = 0; t < tiles; t++) {
            down(t, weight, x, xStart, ranks);
        }
        for (int group = 0; group < out / StreamedMatrix.GROUP; group++) {
            up(group, ranks, y, yStart + group * StreamedMatrix.GROUP);
        }
    }

    /** Sixteen ranks of A x; four sums, so that none waits for the one before. */
    private void down(int tile, float weight, float[] x, int xStart, float[] ranks) {
        FloatVector s0 = FloatVector.zero(FLOATS);
        FloatVector s1 = FloatVector.zero(FLOATS);
        FloatVector s2 = FloatVector.zero(FLOATS);
        FloatVector s3 = FloatVector.zero(FLOATS);
        int lines = tile * (in / 2) * LANES;
        for (int i = 0; i < in / 4; i++) {
            IntVector first = IntVector.fromArray(INTS, a, lines + i * 2 * LANES);
            IntVector second = IntVector.fromArray(INTS, a, lines + i * 2 * LANES + LANES);
            int k = xStart + 4 * i;
            s0 = low(first).fma(FloatVector.broadcast(FLOATS, x[k]), s0);
            s1 = high(first).fma(FloatVector.broadcast(FLOATS, x[k + 1]), s1);
            s2 = low(second).fma(FloatVector.broadcast(FLOATS, x[k + 2]), s2);
            s3 = high(second).fma(FloatVector.broadcast(FLOATS, x[k + 3]), s3);
        }
        s0.add(s1).add(s2.add(s3)).mul(weight).intoArray(ranks, tile * LANES);
    }

    private void up(int group, float[] ranks, float[] y, int start) {
        FloatVector first = FloatVector.fromArray(FLOATS, y, start);
        FloatVector second = FloatVector.fromArray(FLOATS, y, start + LANES);
        int lines = group * rank * LANES;
        for (int r = 0; r < rank; r++) {
            IntVector line = IntVector.fromArray(INTS, b, lines + r * LANES);
            FloatVector d = FloatVector.broadcast(FLOATS, ranks[r]);
            first = low(line).fma(d, first);
            second = high(line).fma(d, second);
        }
        first.intoArray(y, start);
        second.intoArray(y, start + LANES);
    }
}
