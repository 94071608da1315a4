package io.millrace.engine.torch;

/**
 * Methods compiled from TorchScript source. Safe for use by many threads; a method runs on the thread that calls it, in
 * inference mode unless it may record gradients; inside operators with the runtime's number of threads where that is a
 * {@link ComputeThread}, else with one.
 */
public final class TorchModule implements AutoCloseable {
    private final long handle;
    private final int threads;
    private final boolean recording;
    private boolean closed;

    TorchModule(long handle, int threads, boolean recording) {
        this.handle = handle;
        this.threads = threads;
        this.recording = recording;
    }

    /** Starts a call; the method's {@code self} is implied. */
    public TorchCall call(String method) {
        return new TorchCall(this, method);
    }

    /** Runs the method and leaves this thread's gradient mode as it was, also when TorchScript raised an error. */
    long run(String method, long[] values) {
        if (closed) {
            throw new IllegalStateException("this module is closed");
        }
        ComputeThread.operates();
        try {
            return operate(method, values);
        } finally {
            ComputeThread.operated();
        }
    }

    private long operate(String method, long[] values) {
        boolean before = LibTorch.gradMode();
        LibTorch.setThreads(ComputeThread.threads(threads));
        LibTorch.setOptimize(false);
        LibTorch.setGradMode(false);
        try {
            return LibTorch.runMethod(handle, method, values, recording);
        } finally {
            LibTorch.setGradMode(before);
        }
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            LibTorch.deleteModule(handle);
        }
    }
}
