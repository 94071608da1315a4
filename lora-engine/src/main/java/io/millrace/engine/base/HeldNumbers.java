package io.millrace.engine.base;

/** A tensor whose numbers are in memory. */
record HeldNumbers(long[] shape, float[] values) implements SourceTensor.Numbers {

    @Override
    public BaseTensor.Element element() {
        return BaseTensor.Element.F32;
    }

    @Override
    public void read(long from, float[] target, int count) {
        System.arraycopy(values, Math.toIntExact(from), target, 0, count);
    }
}
