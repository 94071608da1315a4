package io.millrace.engine.decode;

import io.millrace.engine.torch.Tensor;

/** What a pass gave for each of its rows. For the decode thread; whoever receives it closes it. */
interface Logits extends AutoCloseable {
    /**
     * Of each row.
     *
     * @param largest its largest logit; a NaN where it has one
     * @param ids where that is, the first of equals
     */
    record Best(float[] largest, long[] ids) {}

    Best best();

    /** [rows, vocab], of use until these logits are closed. */
    Tensor tensor();

    @Override
    void close();
}
