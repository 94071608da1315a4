package io.millrace.engine.base;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Arrays;

/**
 * 4-bit NormalFloat (Dettmers et al. 2023, "QLoRA"), bit for bit as bitsandbytes lays it out: row-major blocks of 64
 * elements, one absmax each, element 2i in the high nibble of byte i.
 */
public final class Nf4 {
    /** Elements that share one absmax. */
    public static final int BLOCK = 64;

    private static final int ZERO = 7;

    @SuppressWarnings("FloatingPointLiteralPrecision") // the digits as bitsandbytes and the paper print them
    private static final float[] VALUES = {
        -1.0f,
        -0.6961928009986877f,
        -0.5250730514526367f,
        -0.39491748809814453f,
        -0.28444138169288635f,
        -0.18477343022823334f,
        -0.09105003625154495f,
        0.0f,
        0.07958029955625534f,
        0.16093020141124725f,
        0.24611230194568634f,
        0.33791524171829224f,
        0.44070982933044434f,
        0.5626170039176941f,
        0.7229568362236023f,
        1.0f
    };

    private static final float[] MIDPOINTS = midpoints();

    private Nf4() {}

    /** The 16 values by code. */
    public static float[] values() {
        return VALUES.clone();
    }

    /** The value of a code, 0 to 15. */
    public static float value(int code) {
        return VALUES[code];
    }

    /**
     * Quantises with double quantisation.
     *
     * @param weights row-major, as many as the shape says
     */
    public static BaseTensor.Nf4 quantise(float[] weights, long[] shape) {
        float[] absmax = new float[blocks(weights.length)];
        byte[] packed = quantise(weights, absmax);
        return tensor(shape, ByteBuffer.wrap(packed), DoubleQuantisation.of(absmax));
    }

    static BaseTensor.Nf4 tensor(long[] shape, ByteBuffer packed, DoubleQuantisation scales) {
        return new BaseTensor.Nf4(
                shape.clone(),
                readOnly(packed),
                readOnly(ByteBuffer.wrap(scales.codes())),
                littleEndian(scales.scales()),
                scales.offset());
    }

    /**
     * @param absmax [blocks] receives each block's largest magnitude
     * @return codes, padded with the code of zero to a whole block
     */
    public static byte[] quantise(float[] weights, float[] absmax) {
        byte[] packed = new byte[absmax.length * BLOCK / 2];
        Arrays.fill(packed, (byte) (ZERO << 4 | ZERO));
        for (int block = 0; block < absmax.length; block++) {
            int from = block * BLOCK;
            int to = Math.min(from + BLOCK, weights.length);
            absmax[block] = largestMagnitude(weights, from, to);
            if (absmax[block] > 0) {
                quantiseBlock(weights, from, to, 1 / absmax[block], packed);
            }
        }
        return packed;
    }

    /** The float32 values of a tensor; a caller that wants another type rounds them once. */
    public static float[] dequantise(BaseTensor.Nf4 tensor) {
        return dequantise(tensor.packed(), absmax(tensor), elements(tensor.shape()));
    }

    /** The same, into a buffer from its position on. */
    public static void dequantise(BaseTensor.Nf4 tensor, FloatBuffer target) {
        float[] absmax = absmax(tensor);
        int elements = elements(tensor.shape());
        int start = tensor.packed().position();
        float[] block = new float[BLOCK];
        for (int from = 0; from < elements; from += BLOCK) {
            float scale = absmax[from / BLOCK];
            for (int i = 0; i < BLOCK; i += 2) {
                int pair = tensor.packed().get(start + ((from + i) >> 1));
                block[i] = VALUES[(pair >> 4) & 0xf] * scale;
                block[i + 1] = VALUES[pair & 0xf] * scale;
            }
            target.put(block, 0, Math.min(BLOCK, elements - from));
        }
    }

    /** Each block's absmax, after undoing the second quantisation. */
    static float[] absmax(BaseTensor.Nf4 tensor) {
        int blocks = tensor.absmaxCodes().remaining();
        byte[] codes = new byte[blocks];
        tensor.absmaxCodes().duplicate().get(codes);
        float[] scales = new float[(blocks + DoubleQuantisation.BLOCK - 1) / DoubleQuantisation.BLOCK];
        tensor.absmaxScales()
                .duplicate()
                .order(ByteOrder.LITTLE_ENDIAN)
                .asFloatBuffer()
                .get(scales);
        return new DoubleQuantisation(codes, scales, tensor.absmaxOffset()).dequantise();
    }

    /** @param packed at least ceil(elements / 2) bytes */
    public static float[] dequantise(ByteBuffer packed, float[] absmax, int elements) {
        float[] weights = new float[elements];
        int start = packed.position();
        for (int i = 0; i < elements; i++) {
            int pair = packed.get(start + (i >> 1));
            int code = (i & 1) == 0 ? (pair >> 4) & 0xf : pair & 0xf;
            weights[i] = VALUES[code] * absmax[i / BLOCK];
        }
        return weights;
    }

    /** Number of blocks of a tensor of that many elements. */
    public static int blocks(int elements) {
        return Math.toIntExact((elements + (long) BLOCK - 1) / BLOCK);
    }

    private static void quantiseBlock(float[] weights, int from, int to, float inverse, byte[] packed) {
        for (int i = from; i < to; i += 2) {
            int high = code(weights[i] * inverse);
            int low = i + 1 < to ? code(weights[i + 1] * inverse) : ZERO;
            packed[i >> 1] = (byte) (high << 4 | low);
        }
    }

    /** The lower code where x is a midpoint. */
    private static int code(float x) {
        int code = x > MIDPOINTS[7] ? 8 : 0;
        code += x > MIDPOINTS[code + 3] ? 4 : 0;
        code += x > MIDPOINTS[code + 1] ? 2 : 0;
        return code + (x > MIDPOINTS[code] ? 1 : 0);
    }

    private static float largestMagnitude(float[] weights, int from, int to) {
        float largest = 0;
        for (int i = from; i < to; i++) {
            largest = Math.max(largest, Math.abs(weights[i]));
        }
        return largest;
    }

    private static int elements(long[] shape) {
        long elements = 1;
        for (long side : shape) {
            elements = Math.multiplyExact(elements, side);
        }
        return Math.toIntExact(elements);
    }

    static ByteBuffer littleEndian(float[] values) {
        ByteBuffer bytes = ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        return readOnly(bytes);
    }

    private static ByteBuffer readOnly(ByteBuffer bytes) {
        return bytes.asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN);
    }

    private static float[] midpoints() {
        float[] midpoints = new float[VALUES.length - 1];
        for (int i = 0; i < midpoints.length; i++) {
            midpoints[i] = (float) ((VALUES[i] + (double) VALUES[i + 1]) / 2);
        }
        return midpoints;
    }
}
