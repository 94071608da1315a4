package io.millrace.vector;

import static io.millrace.vector.Bf16.high;
import static io.millrace.vector.Bf16.low;
import static io.millrace.vector.VectorUnit.LANES;

import java.nio.IntBuffer;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * What one row's new token makes of the row's keys and values, for the query heads that share one key/value head (Ainslie et
 * al. 2023). Numbers of a head stand in two halves here, the even ones and the odd ones, as a line of the cache gives them. For
 * one thread.
 */
final class Attention {
    /** Places that are looked at before the next are fetched: their keys stay in the nearest cache. */
    private static final int TILE = 128;

    private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_512;
    private static final VectorSpecies<Integer> INTS = IntVector.SPECIES_512;

    private final int headDim;
    private final int group;
    private final float[] cos;
    private final float[] sin;
    private final float scale;
    private final float[] turned;
    /** [heads of the group, headDim]: even numbers, then odd ones. */
    private final float[] queries;

    private final float[] sums;
    private final int[] pairs;
    private final int[] tile;
    private final float[] partial = new float[TILE * LANES];
    private float[] scores = new float[0];

    /**
     * @param cos [positions, headDim]
     * @param sin likewise, the first half of the columns negated
     */
    Attention(StepShape shape, float[] cos, float[] sin) {
        this.headDim = shape.headDim();
        this.group = shape.heads() / shape.kvHeads();
        this.cos = cos;
        this.sin = sin;
        this.scale = (float) (1 / Math.sqrt(headDim));
        this.turned = new float[headDim];
        this.queries = new float[group * headDim];
        this.sums = new float[group * headDim];
        this.pairs = new int[headDim / 2];
        this.tile = new int[TILE * headDim / 2];
    }

    /**
     * Puts the token's key and value into the cache and attends.
     *
     * @param y queries, keys and values of the token, of all heads, not yet turned to its position
     * @param queryStart where the group's queries begin
     * @param position where the token stands
     * @param keys where the row's keys of this head begin in the memory, in ints; values likewise
     * @param out [group, headDim]
     */
    void attend(
            float[] y,
            int queryStart,
            int keyStart,
            int valueStart,
            int position,
            IntBuffer memory,
            int keys,
            int values,
            float[] out,
            int outStart) {
        int half = headDim / 2;
        turn(y, keyStart, position);
        store(turned, 0, memory, keys + position * half);
        store(y, valueStart, memory, values + position * half);
        for (int h = 0; h < group; h++) {
            turn(y, queryStart + h * headDim, position);
            for (int i = 0; i < half; i++) {
                queries[h * headDim + i] = turned[2 * i] * scale;
                queries[h * headDim + half + i] = turned[2 * i + 1] * scale;
            }
        }
        int length = position + 1;
        int stride = (length + LANES - 1) / LANES * LANES;
        if (scores.length < group * stride) {
            scores = new float[group * stride * 2];
        }
        score(memory, keys, length, stride);
        for (int h = 0; h < group; h++) {
            softmax(h * stride, length, stride);
        }
        sum(memory, values, length, stride);
        for (int h = 0; h < group; h++) {
            for (int i = 0; i < half; i++) {
                out[outStart + h * headDim + 2 * i] = sums[h * headDim + i];
                out[outStart + h * headDim + 2 * i + 1] = sums[h * headDim + half + i];
            }
        }
    }

    /** Rotary embedding (Su et al. 2021) in Hugging Face's order of halves. */
    private void turn(float[] x, int start, int position) {
        int half = headDim / 2;
        int table = position * headDim;
        for (int i = 0; i < half; i++) {
            float first = x[start + i];
            float second = x[start + half + i];
            turned[i] = first * cos[table + i] + second * sin[table + i];
            turned[half + i] = second * cos[table + half + i] + first * sin[table + half + i];
        }
    }

    private void store(float[] x, int start, IntBuffer memory, int at) {
        for (int i = 0; i < pairs.length; i++) {
            pairs[i] = Bf16.pair(x[start + 2 * i], x[start + 2 * i + 1]);
        }
        memory.put(at, pairs);
    }

    private void score(IntBuffer memory, int keys, int length, int stride) {
        int half = headDim / 2;
        for (int first = 0; first < length; first += TILE) {
            int count = Math.min(TILE, length - first);
            memory.get(keys + first * half, tile, 0, count * half);
            for (int h = 0; h < group; h++) {
                multiplyKeys(h * headDim, count);
                addLanes(count, h * stride + first);
            }
        }
    }

    private void multiplyKeys(int query, int count) {
        int half = headDim / 2;
        for (int p = 0; p < count; p++) {
            FloatVector even = FloatVector.zero(FLOATS);
            FloatVector odd = even;
            for (int i = 0; i < half; i += LANES) {
                IntVector line = IntVector.fromArray(INTS, tile, p * half + i);
                even = low(line).fma(FloatVector.fromArray(FLOATS, queries, query + i), even);
                odd = high(line).fma(FloatVector.fromArray(FLOATS, queries, query + half + i), odd);
            }
            even.add(odd).intoArray(partial, p * LANES);
        }
    }

    private void addLanes(int count, int to) {
        for (int p = 0; p < count; p++) {
            int at = p * LANES;
            float s0 = partial[at] + partial[at + 4] + (partial[at + 8] + partial[at + 12]);
            float s1 = partial[at + 1] + partial[at + 5] + (partial[at + 9] + partial[at + 13]);
            float s2 = partial[at + 2] + partial[at + 6] + (partial[at + 10] + partial[at + 14]);
            float s3 = partial[at + 3] + partial[at + 7] + (partial[at + 11] + partial[at + 15]);
            scores[to + p] = s0 + s1 + (s2 + s3);
        }
    }

    private void softmax(int start, int length, int stride) {
        float largest = Float.NEGATIVE_INFINITY;
        for (int p = start; p < start + length; p++) {
            largest = Math.max(largest, scores[p]);
        }
        Arrays.fill(scores, start + length, start + stride, Float.NEGATIVE_INFINITY);
        for (int p = start; p < start + stride; p += LANES) {
            Exp.of(FloatVector.fromArray(FLOATS, scores, p).sub(largest)).intoArray(scores, p);
        }
        float sum = 0;
        for (int p = start; p < start + length; p++) {
            sum += scores[p];
        }
        float factor = 1 / sum;
        for (int p = start; p < start + length; p++) {
            scores[p] *= factor;
        }
    }

    private void sum(IntBuffer memory, int values, int length, int stride) {
        int half = headDim / 2;
        Arrays.fill(sums, 0);
        for (int first = 0; first < length; first += TILE) {
            int count = Math.min(TILE, length - first);
            memory.get(values + first * half, tile, 0, count * half);
            for (int h = 0; h < group; h++) {
                for (int i = 0; i < half; i += LANES) {
                    sumLines(i, h * stride + first, count, h * headDim + i);
                }
            }
        }
    }

    private void sumLines(int column, int weights, int count, int to) {
        int half = headDim / 2;
        FloatVector even = FloatVector.fromArray(FLOATS, sums, to);
        FloatVector odd = FloatVector.fromArray(FLOATS, sums, to + half);
        for (int p = 0; p < count; p++) {
            IntVector line = IntVector.fromArray(INTS, tile, p * half + column);
            FloatVector weight = FloatVector.broadcast(FLOATS, scores[weights + p]);
            even = low(line).fma(weight, even);
            odd = high(line).fma(weight, odd);
        }
        even.intoArray(sums, to);
        odd.intoArray(sums, to + half);
    }
}
