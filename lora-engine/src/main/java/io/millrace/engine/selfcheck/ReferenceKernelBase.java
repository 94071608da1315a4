package io.millrace.engine.selfcheck;

import io.millrace.core.BaseDescription;
import io.millrace.engine.base.Base;
import io.millrace.engine.base.BaseTensor;
import io.millrace.engine.base.Nf4;
import io.millrace.engine.text.ChatTemplate;
import io.millrace.engine.text.Tokenizer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;
import java.util.Set;

/**
 * A quantised base with the values that the {@link ReferenceKernel} makes of matrices that it misreads. The golden runs
 * were computed with that kernel. Only for checking.
 */
record ReferenceKernelBase(Base base) implements Base {

    @Override
    public BaseTensor tensor(String name) {
        BaseTensor tensor = base.tensor(name);
        if (!(tensor instanceof BaseTensor.Nf4 nf4) || !ReferenceKernel.misreads(nf4.shape()[1])) {
            return tensor;
        }
        float[] absmax = absmax(nf4);
        int elements = (int) (nf4.shape()[0] * nf4.shape()[1]);
        int columns = (int) nf4.shape()[1];
        ByteBuffer strided = ByteBuffer.allocateDirect(Float.BYTES * elements).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < elements; i++) {
            int pair = nf4.packed().get(nf4.packed().position() + i / 2);
            int code = (i & 1) == 0 ? (pair >> 4) & 0xf : pair & 0xf;
            strided.putFloat(Nf4.value(code) * absmax[ReferenceKernel.block(i, columns)]);
        }
        return new BaseTensor.Dense(BaseTensor.Element.F32, nf4.shape(), strided.flip());
    }

    /** Each block's absmax: what the codes of one become when dequantised. */
    private static float[] absmax(BaseTensor.Nf4 nf4) {
        int blocks = nf4.absmaxCodes().remaining();
        ByteBuffer ones = ByteBuffer.allocate(blocks * Nf4.BLOCK / 2);
        while (ones.hasRemaining()) {
            ones.put((byte) 0xff);
        }
        BaseTensor.Nf4 all = new BaseTensor.Nf4(
                new long[] {blocks, Nf4.BLOCK}, ones.flip(), nf4.absmaxCodes(), nf4.absmaxScales(), nf4.absmaxOffset());
        float[] values = Nf4.dequantise(all);
        float[] absmax = new float[blocks];
        for (int i = 0; i < blocks; i++) {
            absmax[i] = values[i * Nf4.BLOCK];
        }
        return absmax;
    }

    @Override
    public BaseDescription description() {
        return base.description();
    }

    @Override
    public Set<String> tensorNames() {
        return base.tensorNames();
    }

    @Override
    public Tokenizer tokenizer() {
        return base.tokenizer();
    }

    @Override
    public Optional<ChatTemplate> chatTemplate() {
        return base.chatTemplate();
    }

    @Override
    public void close() {
        base.close();
    }
}
