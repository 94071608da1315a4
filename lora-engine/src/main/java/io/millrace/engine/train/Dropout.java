package io.millrace.engine.train;

import io.millrace.core.BaseDescription;
import io.millrace.engine.torch.Tensor;
import io.millrace.engine.torch.TorchModule;
import io.millrace.engine.torch.TorchRuntime;
import java.util.stream.LongStream;

/**
 * Dropout masks of one step. Each row of a mask is a window of a pool of zeros and ones drawn from the step's seed; where
 * it begins depends on the seed, the sequence's place in the step, the position, the block and the group of modules. So
 * masks are the same however the step is split into micro-batches, and cost one copy instead of a random number an
 * element. Modules that share an input share its mask. The factor 1 / (1 - p) belongs to the adapter's scale.
 */
final class Dropout implements AutoCloseable {
    private static final int WINDOWS = 1 << 18;

    private final TorchRuntime torch;
    private final Tensor pool;
    private final long seed;
    private final int rowsPerToken;

    private Dropout(TorchRuntime torch, Tensor pool, long seed, int rowsPerToken) {
        this.torch = torch;
        this.pool = pool;
        this.seed = seed;
        this.rowsPerToken = rowsPerToken;
    }

    static Dropout none(TorchRuntime torch) {
        return new Dropout(torch, torch.tensor(new float[0], 0), 0, 0);
    }

    static Dropout of(
            TorchRuntime torch, TorchModule maths, BaseDescription base, double probability, long seed, int dtype) {
        int widest = Math.max(Math.max(base.hiddenSize(), base.intermediateSize()), base.heads() * base.headDim());
        SplitMix random = new SplitMix(seed);
        float[] keep = new float[WINDOWS + widest];
        for (int i = 0; i < keep.length; i++) {
            keep[i] = random.nextFloat() < probability ? 0 : 1;
        }
        try (Tensor plain = torch.tensor(keep, keep.length)) {
            Tensor pool = maths.call("cast").arg(plain).arg(dtype).toTensor();
            return new Dropout(torch, pool, seed, AdapterLayout.GROUPS * base.layers());
        }
    }

    boolean active() {
        return rowsPerToken > 0;
    }

    Tensor pool() {
        return pool;
    }

    /** Where the windows of a micro-batch begin, [4 * layers, sequences * length]. */
    Tensor starts(MicroBatch batch) {
        long[] keys = LongStream.range(0, batch.size())
                .flatMap(row -> LongStream.range(0, batch.length())
                        .map(position -> SplitMix.mix(SplitMix.mix(seed, batch.first() + row), position)))
                .toArray();
        long[] starts = new long[rowsPerToken * keys.length];
        for (int row = 0; row < rowsPerToken; row++) {
            for (int i = 0; i < keys.length; i++) {
                starts[row * keys.length + i] = SplitMix.mix(keys[i], row) & (WINDOWS - 1);
            }
        }
        return torch.tensor(starts, rowsPerToken, keys.length);
    }

    @Override
    public void close() {
        pool.close();
    }
}
