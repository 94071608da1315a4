package io.millrace.engine.decode;

import io.millrace.core.AdapterWeights;

/** Generates with a base and any mix of adapters. Rows join and leave the batch between tokens. Safe for many threads. */
public interface Generator extends AutoCloseable {

    /** Brings an adapter to the device. @throws io.millrace.core.MillraceException {@code invalid_adapter} where it doesn't fit */
    LoadedAdapter load(AdapterWeights weights);

    /**
     * Queues a request; it starts when a row is free.
     *
     * @throws io.millrace.core.MillraceException {@code context_length_exceeded} where prompt and new tokens don't fit,
     *     {@code overloaded} where the queue is full
     */
    Generation submit(GenerationRequest request, Generation.TokenListener listener);

    /** Rows now in the batch. */
    int activeRows();

    @Override
    void close();
}
