package io.millrace.engine.decode;

import io.millrace.core.AdapterWeights;
import io.millrace.core.BaseDescription;
import io.millrace.core.ModuleShape;
import io.millrace.engine.DType;
import io.millrace.engine.base.Base;
import io.millrace.engine.base.RotaryTables;
import io.millrace.engine.decode.GenerationRequest.WeightedAdapter;
import io.millrace.engine.torch.Tensor;
import io.millrace.engine.torch.TensorScope;
import io.millrace.engine.torch.TorchCall;
import io.millrace.engine.torch.TorchRuntime;
import java.util.Collection;
import java.util.List;
import java.util.stream.LongStream;

/** A base on the device, ready to compute logits with any mix of adapters. For one thread, but for {@link #load}. */
final class DecodeModel implements AutoCloseable {
    private final BaseDescription description;
    private final List<ModuleShape> modules;
    private final int maxContext;
    private final TensorScope scope = new TensorScope();
    private final DecodeKernels kernels;
    private final ServingWeights weights;
    private final Tensor cos;
    private final Tensor sin;
    private final Tensor steps;

    /** @param maxContext positions that rotary tables are made for */
    DecodeModel(TorchRuntime torch, Base base, DType dtype, int maxContext) {
        this.description = base.description();
        this.modules = description.linearModules();
        this.maxContext = Math.min(maxContext, description.maxPositions());
        this.kernels = DecodeKernels.compile(torch, description, dtype);
        RotaryTables rotary = RotaryTables.of(description, this.maxContext);
        this.cos = scope.own(kernels.tensor(rotary.cos(), this.maxContext, description.headDim()));
        this.sin = scope.own(kernels.tensor(rotary.sin(), this.maxContext, description.headDim()));
        this.steps = scope.own(torch.tensor(LongStream.range(0, this.maxContext).toArray(), this.maxContext));
        this.weights = new ServingWeights(base, kernels);
    }

    BaseDescription description() {
        return description;
    }

    DecodeKernels kernels() {
        return kernels;
    }

    int maxContext() {
        return maxContext;
    }

    AdapterTensors load(AdapterWeights adapter) {
        return AdapterTensors.load(adapter, description, kernels);
    }

    AdapterSet set(Collection<AdapterTensors> adapters) {
        return adapters.isEmpty() ? AdapterSet.none(kernels) : AdapterSet.of(adapters, modules, true, kernels);
    }

    /** A set that is made quickly, for a prompt or two. */
    AdapterSet passingSet(Collection<AdapterTensors> adapters) {
        return AdapterSet.of(adapters, modules, !kernels.packs(), kernels);
    }

    KeyValueCache cache() {
        return new KeyValueCache(kernels, description);
    }

    /**
     * Computes prompt tokens of one row.
     *
     * @param start position of the first token
     * @return logits [1, vocab] of the last token, or [tokens, vocab] of all
     */
    Tensor prefill(
            int[] tokens,
            int start,
            int row,
            boolean allLogits,
            KeyValueCache cache,
            AdapterSet set,
            List<WeightedAdapter> mix) {
        try (TensorScope pass = new TensorScope()) {
            long[] ids = new long[tokens.length];
            for (int i = 0; i < ids.length; i++) {
                ids[i] = tokens[i];
            }
            TorchCall call = kernels.call("prefill", set)
                    .arg(weights.embedding())
                    .arg(pass.own(kernels.torch().tensor(ids, ids.length)))
                    .arg(row)
                    .arg(start)
                    .arg(allLogits)
                    .arg(cos)
                    .arg(sin);
            return finish(call, cache, set, pass.own(set.weights(List.of(mix))));
        }
    }

    /**
     * Computes one token for each of the cache's first rows.
     *
     * @param tokens [rows]
     * @param positions [rows] where the tokens stand
     * @param mix [rows, ranks] weights of the set's adapters
     * @return logits [rows, vocab]
     */
    Tensor decode(long[] tokens, long[] positions, KeyValueCache cache, AdapterSet set, Tensor mix) {
        int rows = tokens.length;
        int kvHeads = description.kvHeads();
        long[] places = new long[rows * kvHeads];
        for (int i = 0; i < places.length; i++) {
            places[i] = (long) i * cache.capacity() + positions[i / kvHeads];
        }
        long length = 1 + LongStream.of(positions).max().orElseThrow();
        try (TensorScope pass = new TensorScope()) {
            TorchCall call = kernels.call("decode", set)
                    .arg(weights.embedding())
                    .arg(pass.own(kernels.torch().tensor(tokens, rows)))
                    .arg(pass.own(kernels.torch().tensor(positions, rows)))
                    .arg(pass.own(kernels.torch().tensor(places, places.length)))
                    .arg(length)
                    .arg(steps)
                    .arg(cos)
                    .arg(sin);
            return finish(call, cache, set, mix);
        }
    }

    private Tensor finish(TorchCall call, KeyValueCache cache, AdapterSet set, Tensor mix) {
        return call.arg(weights.blocks())
                .arg(weights.lastNorm())
                .arg(weights.head())
                .arg(cache.keys())
                .arg(cache.values())
                .arg(set.a())
                .arg(set.b())
                .arg(mix)
                .toTensor();
    }

    @Override
    public void close() {
        weights.close();
        scope.close();
        kernels.close();
    }
}
