package io.millrace.vector;

/**
 * Weights of one block.
 *
 * @param inputNorm [hidden]
 * @param qkv queries, keys and values, one below the other
 * @param postNorm [hidden]
 * @param gateUp gate and up, one below the other
 */
public record BlockWeights(
        float[] inputNorm,
        StreamedMatrix qkv,
        StreamedMatrix output,
        float[] postNorm,
        StreamedMatrix gateUp,
        StreamedMatrix down) {}
