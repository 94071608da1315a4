package io.millrace.engine.base;

/** One tensor of what is being imported. */
sealed interface SourceTensor {
    long[] shape();

    /** Numbers that can be read as float32 in parts, so no tensor has to fit in memory. */
    non-sealed interface Numbers extends SourceTensor {
        /** The type it is kept in where it isn't quantised; holds every value exactly. */
        BaseTensor.Element element();

        /**
         * Reads consecutive elements.
         *
         * @param from first element, row-major
         * @param count at most the target's length
         */
        void read(long from, float[] target, int count);
    }

    /** A tensor that comes in 4 bits with double quantisation, and goes on so where the base is to be NF4. */
    record Quantised(BaseTensor.Nf4 tensor) implements SourceTensor {
        @Override
        public long[] shape() {
            return tensor.shape();
        }
    }
}
