package io.millrace.engine.train;

/** What training keeps in memory. Both compute the same numbers. */
public enum BackwardMode {
    /** Every activation that backward needs, and the dequantised weights of as many blocks as 150 MB take. */
    KEEP_ACTIVATIONS(150_000_000),
    /**
     * Each block's input alone; the block's forward runs again before its backward, and its weights are dequantised for
     * each: slower, less memory.
     */
    RECOMPUTE(0);

    private final long heldBytes;

    BackwardMode(long heldBytes) {
        this.heldBytes = heldBytes;
    }

    /** What dequantised weights may take from step to step. */
    long heldBytes() {
        return heldBytes;
    }
}
