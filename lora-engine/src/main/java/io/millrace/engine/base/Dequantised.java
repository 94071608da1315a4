package io.millrace.engine.base;

/** A tensor that comes in 4 bits, as the float32 numbers it stands for. */
final class Dequantised implements SourceTensor.Numbers {
    private final BaseTensor.Nf4 tensor;
    private final float[] values;

    Dequantised(BaseTensor.Nf4 tensor) {
        this.tensor = tensor;
        this.values = Nf4.dequantise(tensor);
    }

    @Override
    public long[] shape() {
        return tensor.shape();
    }

    @Override
    public BaseTensor.Element element() {
        return BaseTensor.Element.F32;
    }

    @Override
    public void read(long from, float[] target, int count) {
        System.arraycopy(values, Math.toIntExact(from), target, 0, count);
    }
}
