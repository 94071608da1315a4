package io.millrace.engine.base;

import java.nio.ByteBuffer;

/** One tensor of a base as it is stored. Buffers are little-endian, read-only and usually mapped files. */
public sealed interface BaseTensor {

    /** Rows and columns, or one dimension for norms. */
    long[] shape();

    /** How the bytes of a dense tensor are to be read. */
    enum Element {
        F32(4),
        F16(2),
        BF16(2);

        private final int bytes;

        Element(int bytes) {
            this.bytes = bytes;
        }

        public int bytes() {
            return bytes;
        }
    }

    /** @param data row-major elements */
    record Dense(Element element, long[] shape, ByteBuffer data) implements BaseTensor {}

    /**
     * NF4 with double quantisation (Dettmers et al. 2023, section 3), bitsandbytes' layout.
     *
     * @param shape [out, in]
     * @param packed [out * in / 2] codes in row-major order, element 2i in the high nibble of byte i; padded to a whole
     *     block of 64 elements where out * in isn't a multiple of it
     * @param absmaxCodes [blocks] 8-bit codes of each block's absmax, into the signed dynamic map
     * @param absmaxScales [ceil(blocks / 256)] float32 scales of the codes
     * @param absmaxOffset float32 mean that was subtracted before the absmax values were quantised
     */
    record Nf4(long[] shape, ByteBuffer packed, ByteBuffer absmaxCodes, ByteBuffer absmaxScales, float absmaxOffset)
            implements BaseTensor {}
}
