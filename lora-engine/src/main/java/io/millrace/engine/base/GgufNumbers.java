package io.millrace.engine.base;

import java.nio.ByteBuffer;

/**
 * A tensor of a GGUF file as numbers, a few rows at a time.
 *
 * @param heads query or key heads whose rotary halves the file interleaves, 0 where rows stand as they are
 */
record GgufNumbers(GgufFile file, GgufFile.Tensor tensor, int heads) implements SourceTensor.Numbers {

    @Override
    public long[] shape() {
        return tensor.shape();
    }

    @Override
    public BaseTensor.Element element() {
        return tensor.type().element();
    }

    @Override
    public void read(long from, float[] target, int count) {
        int columns = (int) tensor.shape()[tensor.shape().length - 1];
        float[] row = new float[columns];
        int done = 0;
        while (done < count) {
            long index = (from + done) / columns;
            int start = (int) ((from + done) % columns);
            int part = Math.min(count - done, columns - start);
            readRow(heads == 0 ? index : fileRow((int) index), row);
            System.arraycopy(row, start, target, done, part);
            done += part;
        }
    }

    /**
     * llama.cpp rotates neighbouring rows (2j, 2j+1) of a head where transformers rotates rows (j, j + d/2), so its
     * converter interleaves the halves.
     */
    private long fileRow(int row) {
        int headDim = (int) tensor.shape()[0] / heads;
        int half = headDim / 2;
        int within = row % headDim;
        return (long) row - within + 2L * (within % half) + within / half;
    }

    private void readRow(long row, float[] target) {
        GgufType type = tensor.type();
        int bytes = (int) type.bytes(target.length);
        ByteBuffer blocks = file.read(tensor, row * bytes, bytes);
        for (int at = 0; at < target.length; at += type.blockElements()) {
            type.decode(blocks, target, at);
        }
    }
}
