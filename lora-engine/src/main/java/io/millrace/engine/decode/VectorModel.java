package io.millrace.engine.decode;

import io.millrace.core.AdapterWeights;
import io.millrace.core.BaseDescription;
import io.millrace.core.LoraPair;
import io.millrace.core.ModuleShape;
import io.millrace.core.safetensors.HalfFloats;
import io.millrace.engine.DType;
import io.millrace.engine.base.Base;
import io.millrace.engine.base.BaseTensor;
import io.millrace.engine.base.RotaryTables;
import io.millrace.engine.decode.GenerationRequest.WeightedAdapter;
import io.millrace.engine.torch.Tensor;
import io.millrace.engine.torch.TensorScope;
import io.millrace.vector.BlockWeights;
import io.millrace.vector.DecodeStep;
import io.millrace.vector.LoraMatrices;
import io.millrace.vector.RowAdapter;
import io.millrace.vector.StepShape;
import io.millrace.vector.StreamedMatrix;
import io.millrace.vector.VectorUnit;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.ShortBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A base's weights in the JVM's own memory, for steps of few rows: these take two thirds of the time that libtorch's operators
 * need. Keys and values are shared with libtorch, which computes the prompts.
 */
final class VectorModel implements AutoCloseable {
    /** From there on oneDNN's products, which read the weights once for all rows, are as fast. */
    static final int MOST_ROWS = 16;

    private static final Logger LOG = LoggerFactory.getLogger(VectorModel.class);
    /** Of the heap, for all else: adapters' weights, as they are kept and as rows take them, and what a process needs anyway. */
    private static final long LEFT_BYTES = 640L << 20;

    private final DecodeKernels kernels;
    private final BaseDescription description;
    private final BaseTensor.Dense embedding;
    private final DecodeStep step;

    private VectorModel(
            DecodeKernels kernels, BaseDescription description, BaseTensor.Dense embedding, DecodeStep step) {
        this.kernels = kernels;
        this.description = description;
        this.embedding = embedding;
        this.step = step;
    }

    /**
     * Where processor, JVM, shape and dtype allow, and the heap has room; the base must stay open.
     *
     * @param rotary as many positions as rows may have
     */
    static Optional<VectorModel> load(Base base, DecodeKernels kernels, RotaryTables rotary) {
        StepShape shape = shape(base.description());
        if (kernels.dtype() != DType.BF16
                || kernels.torch().device().isCuda()
                || !VectorUnit.available()
                || !shape.supported()
                || !(base.tensor("model.embed_tokens.weight") instanceof BaseTensor.Dense embedding)) {
            return Optional.empty();
        }
        if (shape.bytes() > freeHeapBytes() - LEFT_BYTES) {
            LOG.info(
                    "answers would come faster with {} MB more of heap (-Xmx) for the base's weights",
                    (shape.bytes() + LEFT_BYTES - freeHeapBytes()) >> 20);
            return Optional.empty();
        }
        return Optional.of(new Loader(base, kernels).model(shape, embedding, rotary));
    }

    private static long freeHeapBytes() {
        Runtime runtime = Runtime.getRuntime();
        return runtime.maxMemory() - (runtime.totalMemory() - runtime.freeMemory());
    }

    private static StepShape shape(BaseDescription base) {
        return new StepShape(
                base.hiddenSize(),
                base.intermediateSize(),
                base.layers(),
                base.heads(),
                base.kvHeads(),
                base.headDim(),
                base.vocabSize(),
                base.rmsNormEps());
    }

    /** An adapter that fits the base. */
    RowAdapter adapter(AdapterWeights weights) {
        float scale = (float) weights.config().scale();
        return new RowAdapter(AdapterSites.of(description.linearModules()).stream()
                .map(site -> modules(site, weights, scale))
                .toList());
    }

    private static List<RowAdapter.Module> modules(List<ModuleShape> site, AdapterWeights weights, float scale) {
        List<RowAdapter.Module> modules = new ArrayList<>();
        int firstOutput = 0;
        for (ModuleShape shape : site) {
            LoraPair pair = weights.modules().get(shape.path());
            if (pair != null) {
                modules.add(new RowAdapter.Module(
                        firstOutput,
                        new LoraMatrices(pair.rank(), shape.in(), shape.out(), pair.a(), pair.b(), scale)));
            }
            firstOutput += shape.out();
        }
        return modules;
    }

    /**
     * Computes one token for each of the cache's first rows, see {@link DecodeModel#decode}.
     *
     * @param mixes of each row, all of adapters that this model has loaded
     * @return logits that are good until the next step
     */
    Logits decode(long[] tokens, long[] positions, KeyValueCache cache, List<List<WeightedAdapter>> mixes) {
        int rows = tokens.length;
        int hidden = description.hiddenSize();
        float[] embeddings = new float[rows * hidden];
        int[] places = new int[rows];
        for (int r = 0; r < rows; r++) {
            places[r] = Math.toIntExact(positions[r]);
            lookUp(Math.toIntExact(tokens[r]), embeddings, r * hidden);
        }
        DecodeStep.Logits logits = step.compute(
                embeddings,
                places,
                cache.memory(),
                mixes.stream().map(VectorModel::weighted).toList());
        return new VectorLogits(kernels.torch(), logits);
    }

    private static List<RowAdapter.Weighted> weighted(List<WeightedAdapter> mix) {
        return mix.stream()
                .map(each -> new RowAdapter.Weighted(
                        ((AdapterTensors) each.adapter()).inRows().orElseThrow(), each.weight()))
                .toList();
    }

    private void lookUp(int token, float[] to, int start) {
        int hidden = description.hiddenSize();
        int width = embedding.element().bytes();
        ByteBuffer data = embedding.data().duplicate().order(ByteOrder.LITTLE_ENDIAN);
        int at = data.position() + token * hidden * width;
        for (int i = 0; i < hidden; i++) {
            to[start + i] = switch (embedding.element()) {
                case F32 -> data.getFloat(at + i * width);
                case F16 -> HalfFloats.fromF16(data.getShort(at + i * width));
                case BF16 -> HalfFloats.fromBf16(data.getShort(at + i * width));
            };
        }
    }

    @Override
    public void close() {
        step.close();
    }

    /** Reads matrices one at a time. */
    private record Loader(Base base, DecodeKernels kernels, BaseTensors tensors) {
        Loader(Base base, DecodeKernels kernels) {
            this(base, kernels, new BaseTensors(base, kernels));
        }

        VectorModel model(StepShape shape, BaseTensor.Dense embedding, RotaryTables rotary) {
            BaseDescription description = base.description();
            List<BlockWeights> blocks = new ArrayList<>();
            for (int l = 0; l < description.layers(); l++) {
                blocks.add(block("model.layers." + l + "."));
            }
            StreamedMatrix head = matrix(
                    description.hiddenSize(),
                    description.tiedEmbeddings() ? "model.embed_tokens.weight" : "lm_head.weight");
            return new VectorModel(
                    kernels,
                    description,
                    embedding,
                    new DecodeStep(
                            shape,
                            blocks,
                            vector("model.norm.weight"),
                            head,
                            rotary.cos(),
                            rotary.sin(),
                            kernels.torch().threads()));
        }

        private BlockWeights block(String prefix) {
            BaseDescription description = base.description();
            int hidden = description.hiddenSize();
            return new BlockWeights(
                    vector(prefix + "input_layernorm.weight"),
                    matrix(
                            hidden,
                            prefix + "self_attn.q_proj.weight",
                            prefix + "self_attn.k_proj.weight",
                            prefix + "self_attn.v_proj.weight"),
                    matrix(description.heads() * description.headDim(), prefix + "self_attn.o_proj.weight"),
                    vector(prefix + "post_attention_layernorm.weight"),
                    matrix(hidden, prefix + "mlp.gate_proj.weight", prefix + "mlp.up_proj.weight"),
                    matrix(description.intermediateSize(), prefix + "mlp.down_proj.weight"));
        }

        private float[] vector(String name) {
            try (Tensor plain = tensors.dense(name)) {
                return plain.toFloats();
            }
        }

        private StreamedMatrix matrix(int in, String... names) {
            try (TensorScope scope = new TensorScope()) {
                return StreamedMatrix.of(
                        in,
                        Stream.of(names)
                                .map(name ->
                                        scope.own(tensors.dense(name)).onCpu().asShortBuffer())
                                .toArray(ShortBuffer[]::new));
            }
        }
    }
}
