package io.millrace.engine.base;

import io.millrace.core.safetensors.HalfFloats;
import io.millrace.core.safetensors.SafetensorsWriter.TensorSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.util.function.LongConsumer;

/** Writes a dense tensor part by part, each number rounded to the nearest of the element type. */
record DenseParts(String name, SourceTensor.Numbers tensor, BaseTensor.Element element, LongConsumer progress)
        implements TensorSource {

    @Override
    public void writeTo(WritableByteChannel out) throws IOException {
        long elements = Architecture.size(tensor.shape());
        float[] values = new float[TensorQuantiser.PART];
        ByteBuffer bytes = ByteBuffer.allocate(values.length * element.bytes()).order(ByteOrder.LITTLE_ENDIAN);
        for (long from = 0; from < elements; from += values.length) {
            int count = (int) Math.min(values.length, elements - from);
            tensor.read(from, values, count);
            TensorQuantiser.requireFinite(name, values, count);
            bytes.clear();
            encode(values, count, bytes);
            bytes.flip();
            while (bytes.hasRemaining()) {
                out.write(bytes);
            }
            progress.accept(count);
        }
    }

    private void encode(float[] values, int count, ByteBuffer bytes) {
        for (int i = 0; i < count; i++) {
            switch (element) {
                case F32 -> bytes.putFloat(values[i]);
                case F16 -> bytes.putShort(HalfFloats.toF16(values[i]));
                case BF16 -> bytes.putShort(HalfFloats.toBf16(values[i]));
            }
        }
    }
}
