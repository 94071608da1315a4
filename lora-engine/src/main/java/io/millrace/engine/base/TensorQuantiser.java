package io.millrace.engine.base;

import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.function.LongConsumer;

/** Quantises one tensor part by part, so that only its codes are held. */
final class TensorQuantiser {
    static final int PART = 1 << 16; // elements; whole blocks

    private final String name;
    private final SourceTensor.Numbers tensor;
    private final LongConsumer progress;

    TensorQuantiser(String name, SourceTensor.Numbers tensor, LongConsumer progress) {
        this.name = name;
        this.tensor = tensor;
        this.progress = progress;
    }

    BaseTensor.Nf4 quantise() {
        int elements = Math.toIntExact(Arrays.stream(tensor.shape()).reduce(1, Math::multiplyExact));
        float[] absmax = new float[Nf4.blocks(elements)];
        byte[] packed = new byte[absmax.length * Nf4.BLOCK / 2];
        float[] buffer = new float[PART];
        for (int from = 0; from < elements; from += PART) {
            int count = Math.min(PART, elements - from);
            tensor.read(from, buffer, count);
            requireFinite(name, buffer, count);
            float[] part = count == PART ? buffer : Arrays.copyOf(buffer, count);
            float[] scales = new float[Nf4.blocks(count)];
            byte[] codes = Nf4.quantise(part, scales);
            System.arraycopy(codes, 0, packed, from / 2, codes.length);
            System.arraycopy(scales, 0, absmax, from / Nf4.BLOCK, scales.length);
            progress.accept(count);
        }
        return Nf4.tensor(tensor.shape(), ByteBuffer.wrap(packed), DoubleQuantisation.of(absmax));
    }

    static void requireFinite(String name, float[] values, int count) {
        for (int i = 0; i < count; i++) {
            if (!Float.isFinite(values[i])) {
                throw new MillraceException(
                        ErrorCode.BAD_BASE, "'" + name + "' holds " + values[i] + "; download the base again");
            }
        }
    }
}
