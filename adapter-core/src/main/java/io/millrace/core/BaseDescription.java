package io.millrace.core;

import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * What a base is, beside its tensors. The base's id is the SHA-256 of the canonical JSON of this description together
 * with the digests of its tensors.
 *
 * @param id digest of the base's content
 * @param name what it was imported as, as {@code smollm2-135m-instruct}; not part of the id
 * @param architecture {@code llama}; other families come later
 * @param vocabSize rows of the embedding
 * @param hiddenSize width of the residual stream
 * @param intermediateSize width of the gated MLP
 * @param layers number of blocks
 * @param heads query heads
 * @param kvHeads key/value heads
 * @param headDim width of one head
 * @param maxPositions context length in tokens
 * @param rmsNormEps epsilon of every RMS norm
 * @param tiedEmbeddings whether the head is the embedding's matrix
 * @param rope rotary embedding
 * @param bosTokenId first token of a text, where the base has one
 * @param eosTokenIds tokens that end generation
 * @param quantisation {@code nf4} or {@code dense}, of the block's linear layers
 */
public record BaseDescription(
        Digest id,
        String name,
        String architecture,
        int vocabSize,
        int hiddenSize,
        int intermediateSize,
        int layers,
        int heads,
        int kvHeads,
        int headDim,
        int maxPositions,
        double rmsNormEps,
        boolean tiedEmbeddings,
        Rope rope,
        Optional<Integer> bosTokenId,
        List<Integer> eosTokenIds,
        Quantisation quantisation) {

    /** How the weights of the block's linear layers are stored. */
    public enum Quantisation {
        NF4,
        DENSE
    }

    /**
     * Rotary position embedding.
     *
     * @param theta base of the geometric frequencies
     * @param scaling Llama 3's scaling by wavelength, where the base has it
     */
    public record Rope(double theta, Optional<Llama3Scaling> scaling) {}

    /** As in transformers' {@code rope_type: llama3}. */
    public record Llama3Scaling(double factor, double lowFreqFactor, double highFreqFactor, int originalMaxPositions) {}

    public BaseDescription {
        eosTokenIds = List.copyOf(eosTokenIds);
    }

    /** The seven linear modules of each block, block by block in the order of {@link LoraConfig#ALL_LINEAR}. */
    public List<ModuleShape> linearModules() {
        return IntStream.range(0, layers)
                .boxed()
                .flatMap(l -> blockModules("model.layers." + l).stream())
                .toList();
    }

    private List<ModuleShape> blockModules(String block) {
        int queryWidth = heads * headDim;
        int kvWidth = kvHeads * headDim;
        return List.of(
                new ModuleShape(block + ".self_attn.q_proj", queryWidth, hiddenSize),
                new ModuleShape(block + ".self_attn.k_proj", kvWidth, hiddenSize),
                new ModuleShape(block + ".self_attn.v_proj", kvWidth, hiddenSize),
                new ModuleShape(block + ".self_attn.o_proj", hiddenSize, queryWidth),
                new ModuleShape(block + ".mlp.gate_proj", intermediateSize, hiddenSize),
                new ModuleShape(block + ".mlp.up_proj", intermediateSize, hiddenSize),
                new ModuleShape(block + ".mlp.down_proj", hiddenSize, intermediateSize));
    }

    /** Learning rate that suits a base of this size, by the number of its linear weights. */
    public double defaultLearningRate() {
        long weights =
                linearModules().stream().mapToLong(m -> (long) m.out() * m.in()).sum();
        return weights < 500_000_000L ? 2e-3 : weights < 2_000_000_000L ? 1e-3 : 2e-4;
    }
}
