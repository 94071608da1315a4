package io.millrace.engine.base;

import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.core.safetensors.HalfFloats;
import java.nio.ByteBuffer;

/** GGML's tensor types that are read. The block formats hold 32 elements after a scale in half precision. */
enum GgufType {
    F32(0, 1, 4, BaseTensor.Element.F32) {
        @Override
        void decode(ByteBuffer block, float[] out, int at) {
            out[at] = block.getFloat();
        }
    },
    F16(1, 1, 2, BaseTensor.Element.F16) {
        @Override
        void decode(ByteBuffer block, float[] out, int at) {
            out[at] = HalfFloats.fromF16(block.getShort());
        }
    },
    /** w = d * q, q in 0..15 less 8; the first 16 elements in the low nibbles. */
    Q4_0(2, 32, 18, BaseTensor.Element.F32) {
        @Override
        void decode(ByteBuffer block, float[] out, int at) {
            float scale = HalfFloats.fromF16(block.getShort());
            for (int i = 0; i < 16; i++) {
                int pair = block.get();
                out[at + i] = ((pair & 0xf) - 8) * scale;
                out[at + i + 16] = ((pair >> 4 & 0xf) - 8) * scale;
            }
        }
    },
    /** w = d * q + m; the first 16 elements in the low nibbles. */
    Q4_1(3, 32, 20, BaseTensor.Element.F32) {
        @Override
        void decode(ByteBuffer block, float[] out, int at) {
            float scale = HalfFloats.fromF16(block.getShort());
            float minimum = HalfFloats.fromF16(block.getShort());
            for (int i = 0; i < 16; i++) {
                int pair = block.get();
                out[at + i] = (pair & 0xf) * scale + minimum;
                out[at + i + 16] = (pair >> 4 & 0xf) * scale + minimum;
            }
        }
    },
    /** w = d * q, q a signed byte. */
    Q8_0(8, 32, 34, BaseTensor.Element.F32) {
        @Override
        void decode(ByteBuffer block, float[] out, int at) {
            float scale = HalfFloats.fromF16(block.getShort());
            for (int i = 0; i < 32; i++) {
                out[at + i] = block.get() * scale;
            }
        }
    },
    BF16(30, 1, 2, BaseTensor.Element.BF16) {
        @Override
        void decode(ByteBuffer block, float[] out, int at) {
            out[at] = HalfFloats.fromBf16(block.getShort());
        }
    };

    private final int code;
    private final int blockElements;
    private final int blockBytes;
    private final BaseTensor.Element element;

    GgufType(int code, int blockElements, int blockBytes, BaseTensor.Element element) {
        this.code = code;
        this.blockElements = blockElements;
        this.blockBytes = blockBytes;
        this.element = element;
    }

    /** @throws MillraceException {@code unsupported_base} */
    static GgufType of(int code) {
        for (GgufType type : values()) {
            if (type.code == code) {
                return type;
            }
        }
        throw new MillraceException(
                ErrorCode.UNSUPPORTED_BASE,
                "the GGUF file holds tensors of type " + code
                        + "; F32, F16, BF16, Q8_0, Q4_0 and Q4_1 are read, so import a file of one of these");
    }

    int blockElements() {
        return blockElements;
    }

    /** What a dense tensor of this type is kept in. */
    BaseTensor.Element element() {
        return element;
    }

    /** Bytes of that many elements, a multiple of the block. */
    long bytes(long elements) {
        return elements / blockElements * blockBytes;
    }

    /** Decodes the block at the buffer's position. */
    abstract void decode(ByteBuffer block, float[] out, int at);
}
