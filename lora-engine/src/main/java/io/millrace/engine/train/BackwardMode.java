package io.millrace.engine.train;

/** What training keeps between forward and backward. Both compute the same numbers. */
public enum BackwardMode {
    /** Every activation that backward needs. */
    KEEP_ACTIVATIONS,
    /** Each block's input alone; the block's forward runs again before its backward: slower, less memory. */
    RECOMPUTE
}
