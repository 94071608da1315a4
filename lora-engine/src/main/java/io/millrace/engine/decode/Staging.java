package io.millrace.engine.decode;

import io.millrace.engine.torch.ElementType;
import io.millrace.engine.torch.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.function.Consumer;

/** One buffer outside the heap through which many float32 matrices go to the device, one at a time. For one thread. */
final class Staging {
    private final DecodeKernels kernels;
    private ByteBuffer buffer = ByteBuffer.allocateDirect(0);

    Staging(DecodeKernels kernels) {
        this.kernels = kernels;
    }

    /** @return a tensor of its own, in the dtype of activations */
    Tensor tensor(Consumer<FloatBuffer> values, long... shape) {
        long elements = 1;
        for (long side : shape) {
            elements = Math.multiplyExact(elements, side);
        }
        int bytes = Math.toIntExact(Math.multiplyExact(elements, Float.BYTES));
        if (buffer.capacity() < bytes) {
            buffer = ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
        }
        buffer.clear().limit(bytes);
        values.accept(buffer.asFloatBuffer());
        try (Tensor plain = kernels.torch().map(ElementType.F32, buffer, shape)) {
            return kernels.cast(plain);
        }
    }
}
