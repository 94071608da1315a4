package io.millrace.vector;

/**
 * Sizes of a Llama.
 *
 * @param hidden width of the residual stream
 * @param intermediate width of the gated MLP
 * @param epsilon of every RMS norm
 */
public record StepShape(
        int hidden, int intermediate, int layers, int heads, int kvHeads, int headDim, int vocabulary, double epsilon) {

    /** Whether all widths are whole groups of outputs. */
    public boolean supported() {
        int group = StreamedMatrix.GROUP;
        return hidden % group == 0 && intermediate % group == 0 && headDim % group == 0;
    }

    /** Bytes of the heap that a model of this shape takes. */
    public long bytes() {
        return (long) layers
                        * (StreamedMatrix.bytes(qkv(), hidden)
                                + StreamedMatrix.bytes(hidden, queries())
                                + StreamedMatrix.bytes(2 * intermediate, hidden)
                                + StreamedMatrix.bytes(hidden, intermediate))
                + StreamedMatrix.bytes(vocabulary, hidden);
    }

    int queries() {
        return heads * headDim;
    }

    int keys() {
        return kvHeads * headDim;
    }

    int qkv() {
        return queries() + 2 * keys();
    }
}
