package io.millrace.engine.base;

import io.millrace.core.BaseDescription;
import io.millrace.core.BaseDescription.Quantisation;
import io.millrace.core.BaseDescription.Rope;
import io.millrace.core.Digest;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a source says about the model's shape; the fields mean what those of {@link BaseDescription} mean.
 */
record Architecture(
        String family,
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
        List<Integer> eosTokenIds) {

    Architecture {
        eosTokenIds = List.copyOf(eosTokenIds);
        requirePositive("vocab_size", vocabSize);
        requirePositive("hidden_size", hiddenSize);
        requirePositive("intermediate_size", intermediateSize);
        requirePositive("num_hidden_layers", layers);
        requirePositive("num_attention_heads", heads);
        requirePositive("num_key_value_heads", kvHeads);
        requirePositive("head_dim", headDim);
        requirePositive("max_position_embeddings", maxPositions);
        if (heads % kvHeads != 0) {
            throw bad("num_attention_heads " + heads + " isn't a multiple of num_key_value_heads " + kvHeads);
        }
        if (headDim % 2 != 0) {
            throw bad("head_dim " + headDim + " is odd, so it can't be rotated");
        }
        if (!(rmsNormEps > 0) || !(rope.theta() > 0)) {
            throw bad("rms_norm_eps and rope_theta must be positive");
        }
    }

    BaseDescription describe(Digest id, String name, Quantisation quantisation) {
        return new BaseDescription(
                id,
                name,
                family,
                vocabSize,
                hiddenSize,
                intermediateSize,
                layers,
                heads,
                kvHeads,
                headDim,
                maxPositions,
                rmsNormEps,
                tiedEmbeddings,
                rope,
                bosTokenId,
                eosTokenIds,
                quantisation);
    }

    /** Every tensor of the model with its shape, in the order of the forward pass. */
    Map<String, long[]> tensors() {
        Map<String, long[]> tensors = new LinkedHashMap<>();
        tensors.put("model.embed_tokens.weight", new long[] {vocabSize, hiddenSize});
        for (int layer = 0; layer < layers; layer++) {
            String block = "model.layers." + layer + ".";
            tensors.put(block + "input_layernorm.weight", new long[] {hiddenSize});
            tensors.put(block + "self_attn.q_proj.weight", new long[] {(long) heads * headDim, hiddenSize});
            tensors.put(block + "self_attn.k_proj.weight", new long[] {(long) kvHeads * headDim, hiddenSize});
            tensors.put(block + "self_attn.v_proj.weight", new long[] {(long) kvHeads * headDim, hiddenSize});
            tensors.put(block + "self_attn.o_proj.weight", new long[] {hiddenSize, (long) heads * headDim});
            tensors.put(block + "post_attention_layernorm.weight", new long[] {hiddenSize});
            tensors.put(block + "mlp.gate_proj.weight", new long[] {intermediateSize, hiddenSize});
            tensors.put(block + "mlp.up_proj.weight", new long[] {intermediateSize, hiddenSize});
            tensors.put(block + "mlp.down_proj.weight", new long[] {hiddenSize, intermediateSize});
        }
        tensors.put("model.norm.weight", new long[] {hiddenSize});
        if (!tiedEmbeddings) {
            tensors.put("lm_head.weight", new long[] {vocabSize, hiddenSize});
        }
        return tensors;
    }

    /** How many numbers all tensors have. */
    long size() {
        return tensors().values().stream().mapToLong(Architecture::size).sum();
    }

    /** How many numbers a tensor of that shape has. */
    static long size(long[] shape) {
        return Arrays.stream(shape).reduce(1, Math::multiplyExact);
    }

    /** Whether a tensor is the weight of one of a block's linear layers. */
    static boolean isLinear(String tensor) {
        return tensor.startsWith("model.layers.") && tensor.endsWith("_proj.weight");
    }

    private static void requirePositive(String what, int value) {
        if (value <= 0) {
            throw bad(what + " is missing or not positive");
        }
    }

    private static MillraceException bad(String what) {
        return new MillraceException(ErrorCode.BAD_BASE, what + "; check the base's configuration");
    }
}
