package io.millrace.engine.train;

import io.millrace.core.AdapterWeights;
import io.millrace.core.BaseDescription;
import io.millrace.core.LoraConfig;
import io.millrace.core.LoraPair;
import io.millrace.core.ModuleShape;
import io.millrace.engine.base.RotaryTables;
import io.millrace.engine.text.TrainingSequence;
import io.millrace.engine.torch.Tensor;
import io.millrace.engine.torch.TensorList;
import io.millrace.engine.torch.TensorScope;
import io.millrace.engine.torch.TorchModule;
import io.millrace.engine.torch.TorchRuntime;
import io.millrace.engine.torch.TorchSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** The same model written plainly and differentiated by autograd, in float32. */
final class Autograd implements AutoCloseable {
    private final TorchRuntime torch;
    private final KnownBase base;
    private final BaseDescription description;
    private final TorchModule module;

    /** Loss and gradients as weights. */
    record Result(double loss, AdapterWeights gradients) {}

    Autograd(TorchRuntime torch, KnownBase base) {
        this.torch = torch;
        this.base = base;
        this.description = base.description();
        TorchSource reference =
                TorchSource.resource(Autograd.class, "reference.py").with(parameters(description));
        this.module = torch.loadRecording(LlamaMaths.source(description).and(reference));
    }

    private static Map<String, ?> parameters(BaseDescription d) {
        return Map.of(
                "eps", d.rmsNormEps(),
                "heads", d.heads(),
                "kvHeads", d.kvHeads(),
                "headDim", d.headDim(),
                "queriesPerKey", d.heads() / d.kvHeads(),
                "queryWidth", d.heads() * d.headDim(),
                "queryScale", 1 / Math.sqrt(d.headDim()));
    }

    TorchModule module() {
        return module;
    }

    Result gradient(AdapterWeights adapter, List<TrainingSequence> sequences, Optional<Long> dropoutSeed) {
        LoraConfig config = adapter.config();
        MicroBatch batch = MicroBatch.of(sequences, 0, sequences.size());
        LossSum sum = new LossSum(sequences);
        try (TensorScope scope = new TensorScope();
                Dropout dropout = dropoutSeed
                        .map(seed -> Dropout.of(torch, module, description, config.dropout(), seed, 6))
                        .orElseGet(() -> Dropout.none(torch))) {
            List<Tensor> results = scope.own(module.call("reference")
                    .arg(scope.own(torch.tensor(batch.ids(), batch.size(), batch.length())))
                    .arg(scope.own(torch.tensor(batch.at(), batch.at().length)))
                    .arg(scope.own(torch.tensor(batch.targets(), batch.targets().length)))
                    .arg(scope.own(torch.tensor(sum.coefficients(batch), batch.at().length)))
                    .arg(tensor(scope, "model.embed_tokens.weight", description.vocabSize(), description.hiddenSize()))
                    .arg(tensor(scope, "model.norm.weight", description.hiddenSize()))
                    .arg(tensor(
                            scope,
                            description.tiedEmbeddings() ? "model.embed_tokens.weight" : "lm_head.weight",
                            description.vocabSize(),
                            description.hiddenSize()))
                    .arg(scope.own(torch.tensor(cos(batch.length()), batch.length(), description.headDim())))
                    .arg(scope.own(torch.tensor(sin(batch.length()), batch.length(), description.headDim())))
                    .arg(weights(scope))
                    .arg(lora(scope, adapter))
                    .arg(config.scale() / (dropoutSeed.isPresent() ? 1 - config.dropout() : 1))
                    .arg(masks(scope, dropout, batch))
                    .toTensors());
            return new Result(results.get(0).toFloat(), collect(adapter, results));
        }
    }

    private AdapterWeights collect(AdapterWeights adapter, List<Tensor> results) {
        Map<String, LoraPair> gradients = new TreeMap<>();
        int next = 1;
        for (ModuleShape shape : description.linearModules()) {
            LoraPair pair = adapter.modules().get(shape.path());
            if (pair != null) {
                gradients.put(
                        shape.path(),
                        new LoraPair(
                                pair.rank(),
                                pair.in(),
                                pair.out(),
                                results.get(next).toFloats(),
                                results.get(next + 1).toFloats()));
                next += 2;
            }
        }
        return AdapterWeights.of(adapter.config(), gradients);
    }

    private Tensor tensor(TensorScope scope, String name, long... shape) {
        return scope.own(torch.tensor(base.values(name), shape));
    }

    private TensorList weights(TensorScope scope) {
        List<TensorList> blocks = new ArrayList<>();
        for (int i = 0; i < description.layers(); i++) {
            List<Tensor> block = new ArrayList<>();
            for (ModuleShape m : description.linearModules().subList(7 * i, 7 * i + 7)) {
                block.add(tensor(scope, m.path() + ".weight", m.out(), m.in()));
            }
            String prefix = "model.layers." + i + ".";
            block.add(tensor(scope, prefix + "input_layernorm.weight", description.hiddenSize()));
            block.add(tensor(scope, prefix + "post_attention_layernorm.weight", description.hiddenSize()));
            blocks.add(scope.own(TensorList.of(block)));
        }
        return scope.own(TensorList.ofLists(blocks));
    }

    private TensorList lora(TensorScope scope, AdapterWeights adapter) {
        List<TensorList> blocks = new ArrayList<>();
        for (int i = 0; i < description.layers(); i++) {
            List<Tensor> block = new ArrayList<>();
            for (ModuleShape m : description.linearModules().subList(7 * i, 7 * i + 7)) {
                LoraPair pair = adapter.modules().get(m.path());
                block.add(scope.own(
                        pair == null ? torch.tensor(new float[0], 0) : torch.tensor(pair.a(), pair.rank(), pair.in())));
                block.add(scope.own(
                        pair == null
                                ? torch.tensor(new float[0], 0)
                                : torch.tensor(pair.b(), pair.out(), pair.rank())));
            }
            blocks.add(scope.own(TensorList.of(block)));
        }
        return scope.own(TensorList.ofLists(blocks));
    }

    private TensorList masks(TensorScope scope, Dropout dropout, MicroBatch batch) {
        int[] widths = {
            description.hiddenSize(),
            description.heads() * description.headDim(),
            description.hiddenSize(),
            description.intermediateSize()
        };
        Tensor starts = scope.own(dropout.starts(batch));
        List<TensorList> blocks = new ArrayList<>();
        for (int i = 0; i < description.layers(); i++) {
            List<Tensor> block = new ArrayList<>();
            for (int group = 0; group < widths.length; group++) {
                if (!dropout.active()) {
                    block.add(scope.own(torch.tensor(new float[0], 0)));
                } else {
                    Tensor row = scope.own(module.call("ref_row")
                            .arg(starts)
                            .arg(4L * i + group)
                            .toTensor());
                    block.add(scope.own(module.call("ref_mask")
                            .arg(dropout.pool())
                            .arg(row)
                            .arg(widths[group])
                            .toTensor()));
                }
            }
            blocks.add(scope.own(TensorList.of(block)));
        }
        return scope.own(TensorList.ofLists(blocks));
    }

    private float[] cos(int length) {
        return RotaryTables.of(description, length).cos();
    }

    private float[] sin(int length) {
        float[] sin = RotaryTables.of(description, length).sin();
        for (int i = 0; i < sin.length; i++) {
            sin[i] = i % description.headDim() < description.headDim() / 2 ? -sin[i] : sin[i];
        }
        return sin;
    }

    @Override
    public void close() {
        module.close();
    }
}
