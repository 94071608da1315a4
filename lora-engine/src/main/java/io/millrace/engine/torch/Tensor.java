package io.millrace.engine.torch;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.Function;

/**
 * A tensor on the device. Whoever receives one closes it; what was computed from it, and lists that hold it, stay
 * valid. Not safe for use by many threads at once where one of them writes.
 */
public final class Tensor implements AutoCloseable {
    private static final int F32 = ElementType.F32.djlCode();
    private static final int I64 = ElementType.I64.djlCode();

    private final long handle;
    /** Java memory that the tensor stands on: as long as the tensor is reachable, so is the memory. */
    private final Optional<ByteBuffer> memory;

    private boolean closed;

    Tensor(long handle, Optional<ByteBuffer> memory) {
        this.handle = handle;
        this.memory = memory;
    }

    long handle() {
        if (closed) {
            throw new IllegalStateException("this tensor is closed");
        }
        return handle;
    }

    Optional<ByteBuffer> memory() {
        return memory;
    }

    public long[] shape() {
        return LibTorch.sizes(handle());
    }

    public long size() {
        return Arrays.stream(shape()).reduce(1, Math::multiplyExact);
    }

    /** Every element as float32, row-major. */
    public float[] toFloats() {
        return read(F32, bytes -> {
            float[] floats = new float[bytes.remaining() / Float.BYTES];
            bytes.asFloatBuffer().get(floats);
            return floats;
        });
    }

    /** Every element as a 64-bit integer, row-major. */
    public long[] toLongs() {
        return read(I64, bytes -> {
            long[] longs = new long[bytes.remaining() / Long.BYTES];
            bytes.asLongBuffer().get(longs);
            return longs;
        });
    }

    /** The single element. */
    public float toFloat() {
        float[] floats = toFloats();
        if (floats.length != 1) {
            throw new IllegalStateException("a tensor of shape " + Arrays.toString(shape()) + " is no scalar");
        }
        return floats[0];
    }

    /** Every element as float32, row-major, without a copy on the heap. */
    public HostFloats hostFloats() {
        return new HostFloats(onHost(F32));
    }

    /** The bytes of a contiguous tensor on the CPU, in its own type: not to be touched once the tensor is closed. */
    public ByteBuffer onCpu() {
        return LibTorch.memory(handle()).order(ByteOrder.nativeOrder());
    }

    private <T> T read(int dataType, Function<ByteBuffer, T> reader) {
        long onHost = onHost(dataType);
        try {
            return reader.apply(LibTorch.memory(onHost).order(ByteOrder.nativeOrder()));
        } finally {
            LibTorch.deleteTensor(onHost);
        }
    }

    /** Handle of a contiguous tensor on the CPU: of this one's own memory where that is such a tensor. */
    private long onHost(int dataType) {
        long onCpu = LibTorch.to(handle(), dataType, TorchDevice.CPU_JNI);
        try {
            return LibTorch.contiguous(onCpu);
        } finally {
            LibTorch.deleteTensor(onCpu);
        }
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            LibTorch.deleteTensor(handle);
        }
    }
}
