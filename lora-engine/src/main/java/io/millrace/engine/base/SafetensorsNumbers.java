package io.millrace.engine.base;

import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.core.safetensors.HalfFloats;
import io.millrace.core.safetensors.SafetensorsFile;
import io.millrace.core.safetensors.TensorInfo;
import java.nio.ByteBuffer;

/** A dense tensor of a safetensors file, mapped part by part. */
final class SafetensorsNumbers implements SourceTensor.Numbers {
    private final SafetensorsFile file;
    private final TensorInfo info;
    private final BaseTensor.Element element;

    SafetensorsNumbers(SafetensorsFile file, TensorInfo info) {
        this.file = file;
        this.info = info;
        this.element = switch (info.dtype()) {
            case F32 -> BaseTensor.Element.F32;
            case F16 -> BaseTensor.Element.F16;
            case BF16 -> BaseTensor.Element.BF16;
            default ->
                throw new MillraceException(
                        ErrorCode.UNSUPPORTED_BASE,
                        "'" + info.name() + "' holds " + info.dtype() + "; only F32, F16 and BF16 can be imported");
        };
    }

    @Override
    public long[] shape() {
        return info.dims();
    }

    @Override
    public BaseTensor.Element element() {
        return element;
    }

    @Override
    public void read(long from, float[] target, int count) {
        int size = element.bytes();
        ByteBuffer bytes = file.data(info.name(), from * size, count * size);
        switch (element) {
            case F32 -> bytes.asFloatBuffer().get(target, 0, count);
            case F16 -> {
                for (int i = 0; i < count; i++) {
                    target[i] = HalfFloats.fromF16(bytes.getShort(2 * i));
                }
            }
            case BF16 -> {
                for (int i = 0; i < count; i++) {
                    target[i] = HalfFloats.fromBf16(bytes.getShort(2 * i));
                }
            }
        }
    }
}
