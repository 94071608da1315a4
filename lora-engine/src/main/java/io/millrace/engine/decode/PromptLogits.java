package io.millrace.engine.decode;

import io.millrace.core.AdapterWeights;
import io.millrace.engine.DType;
import io.millrace.engine.base.Base;
import io.millrace.engine.decode.GenerationRequest.WeightedAdapter;
import io.millrace.engine.torch.Tensor;
import io.millrace.engine.torch.TensorScope;
import io.millrace.engine.torch.TorchRuntime;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/** The logits that serving computes for a whole text, for checks and comparisons. For one thread. */
public final class PromptLogits implements AutoCloseable {
    private final DecodeModel model;

    /** The base must stay open. */
    public PromptLogits(TorchRuntime torch, Base base, DType dtype, int maxTokens) {
        this.model = new DecodeModel(torch, base, dtype, maxTokens, false);
    }

    public LoadedAdapter load(AdapterWeights weights) {
        return model.load(weights);
    }

    /**
     * @param negativeLogLikelihoods [tokens - 1]: of each token but the first, given those before it
     * @param last [vocab]: logits after the last token
     */
    public record Scores(float[] negativeLogLikelihoods, float[] last) {}

    public Scores score(int[] ids, List<WeightedAdapter> adapters) {
        Set<AdapterTensors> used = new LinkedHashSet<>();
        adapters.forEach(weighted -> used.add((AdapterTensors) weighted.adapter()));
        try (KeyValueCache cache = model.cache();
                AdapterSet set = model.set(used);
                TensorScope scope = new TensorScope()) {
            cache.ensure(1, ids.length);
            Tensor logits = scope.own(model.prefillWithAllLogits(new PromptPart(ids, 0, 0, set, adapters), cache));
            Tensor last = scope.own(
                    model.kernels().call("row").arg(logits).arg(ids.length - 1).toTensor());
            Tensor targets = scope.own(model.kernels()
                    .torch()
                    .tensor(IntStream.of(ids).skip(1).asLongStream().toArray(), ids.length - 1));
            Tensor losses = scope.own(model.kernels()
                    .call("negative_log_likelihood")
                    .arg(logits)
                    .arg(targets)
                    .toTensor());
            return new Scores(losses.toFloats(), last.toFloats());
        }
    }

    @Override
    public void close() {
        model.close();
    }
}
