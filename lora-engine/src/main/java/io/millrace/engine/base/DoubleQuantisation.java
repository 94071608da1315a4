package io.millrace.engine.base;

/**
 * The second quantisation of QLoRA (Dettmers et al. 2023, section 3): the blocks' absmax values, less their mean, in
 * blocks of 256 as 8-bit codes of the signed dynamic map.
 *
 * @param codes [blocks]
 * @param scales [ceil(blocks / 256)] largest magnitude of each block of absmax values
 * @param offset mean of the absmax values
 */
record DoubleQuantisation(byte[] codes, float[] scales, float offset) {
    static final int BLOCK = 256;

    static DoubleQuantisation of(float[] absmax) {
        float offset = absmax.length == 0 ? 0 : CascadeSum.of(absmax) / absmax.length;
        byte[] codes = new byte[absmax.length];
        float[] scales = new float[(absmax.length + BLOCK - 1) / BLOCK];
        for (int block = 0; block < scales.length; block++) {
            int from = block * BLOCK;
            int to = Math.min(from + BLOCK, absmax.length);
            scales[block] = largestDistance(absmax, from, to, offset);
            float inverse = scales[block] == 0 ? 0 : 1 / scales[block];
            for (int i = from; i < to; i++) {
                codes[i] = (byte) DynamicMap.signed().code((absmax[i] - offset) * inverse);
            }
        }
        return new DoubleQuantisation(codes, scales, offset);
    }

    float[] dequantise() {
        float[] absmax = new float[codes.length];
        for (int i = 0; i < absmax.length; i++) {
            absmax[i] = DynamicMap.signed().value(codes[i] & 0xff) * scales[i / BLOCK] + offset;
        }
        return absmax;
    }

    private static float largestDistance(float[] values, int from, int to, float offset) {
        float largest = 0;
        for (int i = from; i < to; i++) {
            largest = Math.max(largest, Math.abs(values[i] - offset));
        }
        return largest;
    }
}
