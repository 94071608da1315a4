package io.millrace.engine.torch;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A tensor's elements in memory of this process that is not on the heap. On the CPU that is the tensor's own memory: what
 * writes to the tensor is seen here. Whoever receives one closes it.
 */
public final class HostFloats implements AutoCloseable {
    private final long handle;
    private final ByteBuffer bytes;
    private boolean closed;

    HostFloats(long handle) {
        this.handle = handle;
        this.bytes = LibTorch.memory(handle).order(ByteOrder.nativeOrder());
    }

    /** The bytes of float32 numbers, row-major, for reading; not to be touched after {@link #close}. */
    public ByteBuffer bytes() {
        if (closed) {
            throw new IllegalStateException("this memory is closed");
        }
        return bytes.asReadOnlyBuffer().order(bytes.order());
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            LibTorch.deleteTensor(handle);
        }
    }
}
