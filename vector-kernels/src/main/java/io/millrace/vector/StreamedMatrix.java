package io.millrace.vector;

import static io.millrace.vector.VectorUnit.LANES;

import java.nio.ShortBuffer;
import java.util.stream.Stream;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Weights [out, in] of a linear layer in bfloat16, laid out to be read once for eight rows at the speed of memory. Nothing in
 * Java asks for a cache line ahead of time, and the processor's own reading ahead begins anew with each page of 4 KiB. So
 * sixteen pages are read side by side and come to their ends together: the inputs are cut into four parts, read at the same
 * time, and each part's lines go to four pages in turn (SmolLM2-135M: 9 instead of 17 ms a step).
 *
 * <p>A line of 16 ints has the weights of 32 outputs for one input: output i in the lower half of int i, output i + 16 in the
 * upper half. Outputs are filled up to whole groups of 32 with zeros.
 */
public final class StreamedMatrix {
    static final int GROUP = 2 * LANES;

    /** Rows that are multiplied at a time. */
    static final int ROWS = 8;

    private static final int STREAMS = 4;
    private static final int PAGE_INTS = 1024;
    private static final int LINES_OF_A_PAGE = PAGE_INTS / LANES;
    /** Pages that the lines of a stream go to in turn. */
    private static final int PAGES = 4;

    private static final int BUNDLE_INTS = PAGES * PAGE_INTS;
    /**
     * An array begins 16 bytes behind its header; where the collector puts large ones at the beginning of a region, as G1 does,
     * lines begin with a cache line from here on.
     */
    private static final int FIRST = 12;

    private static final int UPPER = 0xffff0000;
    private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_512;
    private static final VectorSpecies<Integer> INTS = IntVector.SPECIES_512;

    private final int in;
    private final int groups;
    private final int streamInts;
    private final int[] lines;

    private StreamedMatrix(int out, int in) {
        this.in = in;
        this.groups = groups(out);
        this.streamInts = streamInts(out, in);
        this.lines = new int[FIRST + STREAMS * streamInts];
    }

    /**
     * @param in a multiple of four
     * @param parts bfloat16 [outputs, in], row-major, one below the other
     */
    public static StreamedMatrix of(int in, ShortBuffer... parts) {
        int out = Stream.of(parts).mapToInt(part -> part.remaining() / in).sum();
        StreamedMatrix matrix = new StreamedMatrix(out, in);
        short[] row = new short[in];
        int next = 0;
        for (ShortBuffer part : parts) {
            ShortBuffer unread = part.duplicate();
            while (unread.hasRemaining()) {
                unread.get(row);
                matrix.put(next++, row);
            }
        }
        return matrix;
    }

    /** Bytes that a matrix takes. */
    static long bytes(int out, int in) {
        return (long) STREAMS * streamInts(out, in) * Integer.BYTES;
    }

    private static int groups(int out) {
        return (out + GROUP - 1) / GROUP;
    }

    private static int streamInts(int out, int in) {
        int ints = Math.multiplyExact(groups(out) * (in / STREAMS), LANES);
        return (ints + BUNDLE_INTS - 1) / BUNDLE_INTS * BUNDLE_INTS;
    }

    /** Where a line of a stream begins, in ints. */
    private static int at(int line) {
        int bundle = line / (PAGES * LINES_OF_A_PAGE);
        int page = line % PAGES;
        return bundle * BUNDLE_INTS + page * PAGE_INTS + line / PAGES % LINES_OF_A_PAGE * LANES;
    }

    private void put(int out, short[] row) {
        int part = in / STREAMS;
        int lane = out % LANES;
        int shift = out % GROUP < LANES ? 0 : Short.SIZE;
        for (int k = 0; k < part; k++) {
            int at = FIRST + at(out / GROUP * part + k) + lane;
            for (int stream = 0; stream < STREAMS; stream++) {
                lines[at + stream * streamInts] |= (row[stream * part + k] & 0xffff) << shift;
            }
        }
    }

    int groups() {
        return groups;
    }

    int in() {
        return in;
    }

    /** Outputs, filled up to whole groups. */
    int paddedOut() {
        return groups * GROUP;
    }

    /**
     * Multiplies eight rows with some of the outputs.
     *
     * @param from first group of 32 outputs
     * @param x inputs [in, 8]
     * @param y outputs, a row after another
     * @param yStart where the first row begins
     * @param stride from one row of y to the next
     * @param add whether products are added to y
     */
    void multiply(int from, int to, float[] x, int xStart, float[] y, int yStart, int stride, boolean add) {
        for (int g = from; g < to; g++) {
            int start = yStart + g * GROUP;
            if (!add) {
                for (int r = 0; r < ROWS; r++) {
                    FloatVector.zero(FLOATS).intoArray(y, start + r * stride);
                    FloatVector.zero(FLOATS).intoArray(y, start + r * stride + LANES);
                }
            }
            addGroup(g, x, xStart, y, start, stride);
        }
    }

    /**
     * Thirty-two outputs of eight rows: sixteen sums stay in registers while the weights go by. The JVM's
     * compiler inlines so many calls and no more: helpers here, as {@link Bf16} has them, make a step five times as long.
     */
    private void addGroup(int group, float[] x, int xStart, float[] y, int start, int stride) {
        int[] w = lines;
        int part = in / STREAMS;
        int first = group * part;
        int w0 = FIRST;
        int w1 = w0 + streamInts;
        int w2 = w1 + streamInts;
        int w3 = w2 + streamInts;
        FloatVector a0 = FloatVector.fromArray(FLOATS, y, start);
        FloatVector b0 = FloatVector.fromArray(FLOATS, y, start + LANES);
        FloatVector a1 = FloatVector.fromArray(FLOATS, y, start + stride);
        FloatVector b1 = FloatVector.fromArray(FLOATS, y, start + stride + LANES);
        FloatVector a2 = FloatVector.fromArray(FLOATS, y, start + 2 * stride);
        FloatVector b2 = FloatVector.fromArray(FLOATS, y, start + 2 * stride + LANES);
        FloatVector a3 = FloatVector.fromArray(FLOATS, y, start + 3 * stride);
        FloatVector b3 = FloatVector.fromArray(FLOATS, y, start + 3 * stride + LANES);
        FloatVector a4 = FloatVector.fromArray(FLOATS, y, start + 4 * stride);
        FloatVector b4 = FloatVector.fromArray(FLOATS, y, start + 4 * stride + LANES);
        FloatVector a5 = FloatVector.fromArray(FLOATS, y, start + 5 * stride);
        FloatVector b5 = FloatVector.fromArray(FLOATS, y, start + 5 * stride + LANES);
        FloatVector a6 = FloatVector.fromArray(FLOATS, y, start + 6 * stride);
        FloatVector b6 = FloatVector.fromArray(FLOATS, y, start + 6 * stride + LANES);
        FloatVector a7 = FloatVector.fromArray(FLOATS, y, start + 7 * stride);
        FloatVector b7 = FloatVector.fromArray(FLOATS, y, start + 7 * stride + LANES);
        for (int k = 0; k < part; k++) {
            int line = at(first + k);
            IntVector line0 = IntVector.fromArray(INTS, w, w0 + line);
            FloatVector low0 = line0.lanewise(VectorOperators.LSHL, Short.SIZE).reinterpretAsFloats();
            FloatVector high0 = line0.and(UPPER).reinterpretAsFloats();
            int x0 = xStart + k * ROWS;
            FloatVector x00 = FloatVector.broadcast(FLOATS, x[x0]);
            a0 = low0.fma(x00, a0);
            b0 = high0.fma(x00, b0);
            FloatVector x01 = FloatVector.broadcast(FLOATS, x[x0 + 1]);
            a1 = low0.fma(x01, a1);
            b1 = high0.fma(x01, b1);
            FloatVector x02 = FloatVector.broadcast(FLOATS, x[x0 + 2]);
            a2 = low0.fma(x02, a2);
            b2 = high0.fma(x02, b2);
            FloatVector x03 = FloatVector.broadcast(FLOATS, x[x0 + 3]);
            a3 = low0.fma(x03, a3);
            b3 = high0.fma(x03, b3);
            FloatVector x04 = FloatVector.broadcast(FLOATS, x[x0 + 4]);
            a4 = low0.fma(x04, a4);
            b4 = high0.fma(x04, b4);
            FloatVector x05 = FloatVector.broadcast(FLOATS, x[x0 + 5]);
            a5 = low0.fma(x05, a5);
            b5 = high0.fma(x05, b5);
            FloatVector x06 = FloatVector.broadcast(FLOATS, x[x0 + 6]);
            a6 = low0.fma(x06, a6);
            b6 = high0.fma(x06, b6);
            FloatVector x07 = FloatVector.broadcast(FLOATS, x[x0 + 7]);
            a7 = low0.fma(x07, a7);
            b7 = high0.fma(x07, b7);
            IntVector line1 = IntVector.fromArray(INTS, w, w1 + line);
            FloatVector low1 = line1.lanewise(VectorOperators.LSHL, Short.SIZE).reinterpretAsFloats();
            FloatVector high1 = line1.and(UPPER).reinterpretAsFloats();
            int x1 = xStart + (k + part) * ROWS;
            FloatVector x10 = FloatVector.broadcast(FLOATS, x[x1]);
            a0 = low1.fma(x10, a0);
            b0 = high1.fma(x10, b0);
            FloatVector x11 = FloatVector.broadcast(FLOATS, x[x1 + 1]);
            a1 = low1.fma(x11, a1);
            b1 = high1.fma(x11, b1);
            FloatVector x12 = FloatVector.broadcast(FLOATS, x[x1 + 2]);
            a2 = low1.fma(x12, a2);
            b2 = high1.fma(x12, b2);
            FloatVector x13 = FloatVector.broadcast(FLOATS, x[x1 + 3]);
            a3 = low1.fma(x13, a3);
            b3 = high1.fma(x13, b3);
            FloatVector x14 = FloatVector.broadcast(FLOATS, x[x1 + 4]);
            a4 = low1.fma(x14, a4);
            b4 = high1.fma(x14, b4);
            FloatVector x15 = FloatVector.broadcast(FLOATS, x[x1 + 5]);
            a5 = low1.fma(x15, a5);
            b5 = high1.fma(x15, b5);
            FloatVector x16 = FloatVector.broadcast(FLOATS, x[x1 + 6]);
            a6 = low1.fma(x16, a6);
            b6 = high1.fma(x16, b6);
            FloatVector x17 = FloatVector.broadcast(FLOATS, x[x1 + 7]);
            a7 = low1.fma(x17, a7);
            b7 = high1.fma(x17, b7);
            IntVector line2 = IntVector.fromArray(INTS, w, w2 + line);
            FloatVector low2 = line2.lanewise(VectorOperators.LSHL, Short.SIZE).reinterpretAsFloats();
            FloatVector high2 = line2.and(UPPER).reinterpretAsFloats();
            int x2 = xStart + (k + 2 * part) * ROWS;
            FloatVector x20 = FloatVector.broadcast(FLOATS, x[x2]);
            a0 = low2.fma(x20, a0);
            b0 = high2.fma(x20, b0);
            FloatVector x21 = FloatVector.broadcast(FLOATS, x[x2 + 1]);
            a1 = low2.fma(x21, a1);
            b1 = high2.fma(x21, b1);
            FloatVector x22 = FloatVector.broadcast(FLOATS, x[x2 + 2]);
            a2 = low2.fma(x22, a2);
            b2 = high2.fma(x22, b2);
            FloatVector x23 = FloatVector.broadcast(FLOATS, x[x2 + 3]);
            a3 = low2.fma(x23, a3);
            b3 = high2.fma(x23, b3);
            FloatVector x24 = FloatVector.broadcast(FLOATS, x[x2 + 4]);
            a4 = low2.fma(x24, a4);
            b4 = high2.fma(x24, b4);
            FloatVector x25 = FloatVector.broadcast(FLOATS, x[x2 + 5]);
            a5 = low2.fma(x25, a5);
            b5 = high2.fma(x25, b5);
            FloatVector x26 = FloatVector.broadcast(FLOATS, x[x2 + 6]);
            a6 = low2.fma(x26, a6);
            b6 = high2.fma(x26, b6);
            FloatVector x27 = FloatVector.broadcast(FLOATS, x[x2 + 7]);
            a7 = low2.fma(x27, a7);
            b7 = high2.fma(x27, b7);
            IntVector line3 = IntVector.fromArray(INTS, w, w3 + line);
            FloatVector low3 = line3.lanewise(VectorOperators.LSHL, Short.SIZE).reinterpretAsFloats();
            FloatVector high3 = line3.and(UPPER).reinterpretAsFloats();
            int x3 = xStart + (k + 3 * part) * ROWS;
            FloatVector x30 = FloatVector.broadcast(FLOATS, x[x3]);
            a0 = low3.fma(x30, a0);
            b0 = high3.fma(x30, b0);
            FloatVector x31 = FloatVector.broadcast(FLOATS, x[x3 + 1]);
            a1 = low3.fma(x31, a1);
            b1 = high3.fma(x31, b1);
            FloatVector x32 = FloatVector.broadcast(FLOATS, x[x3 + 2]);
            a2 = low3.fma(x32, a2);
            b2 = high3.fma(x32, b2);
            FloatVector x33 = FloatVector.broadcast(FLOATS, x[x3 + 3]);
            a3 = low3.fma(x33, a3);
            b3 = high3.fma(x33, b3);
            FloatVector x34 = FloatVector.broadcast(FLOATS, x[x3 + 4]);
            a4 = low3.fma(x34, a4);
            b4 = high3.fma(x34, b4);
            FloatVector x35 = FloatVector.broadcast(FLOATS, x[x3 + 5]);
            a5 = low3.fma(x35, a5);
            b5 = high3.fma(x35, b5);
            FloatVector x36 = FloatVector.broadcast(FLOATS, x[x3 + 6]);
            a6 = low3.fma(x36, a6);
            b6 = high3.fma(x36, b6);
            FloatVector x37 = FloatVector.broadcast(FLOATS, x[x3 + 7]);
            a7 = low3.fma(x37, a7);
            b7 = high3.fma(x37, b7);
        }
        a0.intoArray(y, start);
        b0.intoArray(y, start + LANES);
        a1.intoArray(y, start + stride);
        b1.intoArray(y, start + stride + LANES);
        a2.intoArray(y, start + 2 * stride);
        b2.intoArray(y, start + 2 * stride + LANES);
        a3.intoArray(y, start + 3 * stride);
        b3.intoArray(y, start + 3 * stride + LANES);
        a4.intoArray(y, start + 4 * stride);
        b4.intoArray(y, start + 4 * stride + LANES);
        a5.intoArray(y, start + 5 * stride);
        b5.intoArray(y, start + 5 * stride + LANES);
        a6.intoArray(y, start + 6 * stride);
        b6.intoArray(y, start + 6 * stride + LANES);
        a7.intoArray(y, start + 7 * stride);
        b7.intoArray(y, start + 7 * stride + LANES);
    }
}
