package io.millrace.engine.decode;

import io.millrace.core.AdapterWeights;
import io.millrace.core.BaseDescription;
import io.millrace.core.ModuleShape;
import io.millrace.engine.DType;
import io.millrace.engine.base.Base;
import io.millrace.engine.base.RotaryTables;
import io.millrace.engine.decode.GenerationRequest.WeightedAdapter;
import io.millrace.engine.torch.Tensor;
import io.millrace.engine.torch.TensorList;
import io.millrace.engine.torch.TensorScope;
import io.millrace.engine.torch.TorchCall;
import io.millrace.engine.torch.TorchRuntime;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
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
    private final Tensor places;
    private final Optional<VectorModel> vectors;

    /**
     * @param maxContext positions that rotary tables are made for
     * @param steps whether rows will be decoded, not only prompts computed
     */
    DecodeModel(TorchRuntime torch, Base base, DType dtype, int maxContext, boolean steps) {
        this.description = base.description();
        this.modules = description.linearModules();
        this.maxContext = Math.min(maxContext, description.maxPositions());
        this.kernels = DecodeKernels.compile(torch, description, dtype);
        RotaryTables rotary = RotaryTables.of(description, this.maxContext);
        this.cos = scope.own(kernels.tensor(rotary.cos(), this.maxContext, description.headDim()));
        this.sin = scope.own(kernels.tensor(rotary.sin(), this.maxContext, description.headDim()));
        int capacity = KeyValueCache.roundUp(this.maxContext);
        this.places = scope.own(torch.tensor(LongStream.range(0, capacity).toArray(), capacity));
        this.weights = new ServingWeights(base, kernels);
        this.vectors = steps ? VectorModel.load(base, kernels, rotary) : Optional.empty();
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
        return AdapterTensors.load(adapter, description, kernels, vectors);
    }

    AdapterSet set(Collection<AdapterTensors> adapters) {
        return adapters.isEmpty() ? AdapterSet.none(kernels) : AdapterSet.of(adapters, modules, true, kernels);
    }

    /** A set that is made quickly, for a prompt or two. The adapters must stay open. */
    AdapterSet passingSet(Set<AdapterTensors> adapters) {
        return adapters.size() == 1
                ? AdapterSet.alone(adapters.iterator().next(), kernels)
                : AdapterSet.of(adapters, modules, !kernels.packs(), kernels);
    }

    KeyValueCache cache() {
        return new KeyValueCache(kernels, description);
    }

    /**
     * Computes prompt tokens of rows that stand one behind the other in the cache. Either all parts have the same set, or
     * the sets aren't packed.
     *
     * @return logits of each part's last token
     */
    Logits prefill(List<PromptPart> parts, KeyValueCache cache) {
        PromptLayout layout = new PromptLayout(parts);
        return new TorchLogits(kernels, prefill(layout, cache, layout.last()));
    }

    /** @return logits [tokens, vocab] of all the part's tokens */
    Tensor prefillWithAllLogits(PromptPart part, KeyValueCache cache) {
        PromptLayout layout = new PromptLayout(List.of(part));
        return prefill(layout, cache, LongStream.range(0, part.tokens().length).toArray());
    }

    private Tensor prefill(PromptLayout layout, KeyValueCache cache, long[] last) {
        List<PromptPart> parts = layout.parts();
        List<AdapterSet> sets = parts.stream().map(PromptPart::set).toList();
        boolean shared = sets.stream().distinct().count() == 1;
        List<AdapterSet> used = shared ? sets.subList(0, 1) : sets;
        try (TensorScope pass = new TensorScope()) {
            List<Tensor> mixes =
                    shared ? List.of(pass.own(used.get(0).weights(mixOfEachToken(parts)))) : mixOfEachRow(parts, pass);
            List<Tensor> abreast = layout.abreast().stream()
                    .map(which -> pass.own(indices(which)))
                    .toList();
            TorchCall call = kernels.call("prefill", used)
                    .arg(weights.embedding())
                    .arg(pass.own(indices(layout.tokens())))
                    .arg(pass.own(indices(layout.positions())))
                    .arg(parts.get(0).row())
                    .arg(layout.starts())
                    .arg(layout.begins())
                    .arg(pass.own(TensorList.of(abreast)))
                    .arg(pass.own(indices(last)))
                    .arg(cos)
                    .arg(sin);
            return finish(call, cache, used, mixes);
        }
    }

    private Tensor indices(long[] values) {
        return kernels.torch().tensor(values, values.length);
    }

    private static List<List<WeightedAdapter>> mixOfEachToken(List<PromptPart> parts) {
        return parts.stream()
                .flatMap(part -> Collections.nCopies(part.tokens().length, part.mix()).stream())
                .toList();
    }

    private static List<Tensor> mixOfEachRow(List<PromptPart> parts, TensorScope pass) {
        return parts.stream()
                .map(part -> pass.own(part.set().weights(List.of(part.mix()))))
                .toList();
    }

    /** Whether so many rows are better computed without a set, by {@link #decode(long[], long[], KeyValueCache, List)}. */
    boolean computesAlone(int rows) {
        return vectors.isPresent() && rows <= VectorModel.MOST_ROWS;
    }

    /**
     * As the other, each row with its own adapters.
     *
     * @param mixes of each row
     * @return logits that are good until the next step
     */
    Logits decode(long[] tokens, long[] positions, KeyValueCache cache, List<List<WeightedAdapter>> mixes) {
        return vectors.orElseThrow().decode(tokens, positions, cache, mixes);
    }

    /**
     * Computes one token for each of the cache's first rows.
     *
     * @param tokens [rows]
     * @param positions [rows] where the tokens stand
     * @param mix [rows, ranks] weights of the set's adapters
     * @return logits of each row
     */
    Logits decode(long[] tokens, long[] positions, KeyValueCache cache, AdapterSet set, Tensor mix) {
        int rows = tokens.length;
        long[] places = cache.places(positions);
        int length = cache.lookedAt((int) LongStream.of(positions).max().orElseThrow() + 1);
        try (TensorScope pass = new TensorScope()) {
            TorchCall call = kernels.call("decode", List.of(set))
                    .arg(weights.embedding())
                    .arg(pass.own(kernels.torch().tensor(tokens, rows)))
                    .arg(pass.own(kernels.torch().tensor(positions, rows)))
                    .arg(pass.own(kernels.torch().tensor(places, places.length)))
                    .arg(length)
                    .arg(this.places)
                    .arg(cos)
                    .arg(sin);
            return new TorchLogits(kernels, finish(call, cache, List.of(set), List.of(mix)));
        }
    }

    private Tensor finish(TorchCall call, KeyValueCache cache, List<AdapterSet> sets, List<Tensor> mixes) {
        try (TensorScope lists = new TensorScope()) {
            return call.arg(weights.blocks())
                    .arg(weights.lastNorm())
                    .arg(weights.head())
                    .arg(cache.blocks())
                    .arg(lists.own(
                            TensorList.ofLists(sets.stream().map(AdapterSet::a).toList())))
                    .arg(lists.own(
                            TensorList.ofLists(sets.stream().map(AdapterSet::b).toList())))
                    .arg(lists.own(TensorList.of(mixes)))
                    .toTensor();
        }
    }

    @Override
    public void close() {
        vectors.ifPresent(VectorModel::close);
        weights.close();
        scope.close();
        kernels.close();
    }
}
