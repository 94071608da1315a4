package io.millrace.engine.base;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.millrace.core.BaseDescription.Llama3Scaling;
import java.util.List;

/** Writes Hugging Face's config.json in its older form, which every version of transformers reads, as {@link HfConfig} does. */
final class HfConfigWriter {
    private static final ObjectMapper JSON = new ObjectMapper();

    private HfConfigWriter() {}

    /** @param element of the weights beside it */
    static byte[] write(Architecture model, BaseTensor.Element element) {
        ObjectNode config = JSON.createObjectNode();
        config.putArray("architectures").add("LlamaForCausalLM");
        config.put("model_type", model.family())
                .put("attention_bias", false)
                .put("mlp_bias", false)
                .put("hidden_act", "silu")
                .put("vocab_size", model.vocabSize())
                .put("hidden_size", model.hiddenSize())
                .put("intermediate_size", model.intermediateSize())
                .put("num_hidden_layers", model.layers())
                .put("num_attention_heads", model.heads())
                .put("num_key_value_heads", model.kvHeads())
                .put("head_dim", model.headDim())
                .put("max_position_embeddings", model.maxPositions())
                .put("rms_norm_eps", model.rmsNormEps())
                .put("tie_word_embeddings", model.tiedEmbeddings())
                .put("rope_theta", model.rope().theta())
                .put("torch_dtype", dtype(element));
        model.rope().scaling().ifPresent(scaling -> config.set("rope_scaling", scaling(scaling)));
        model.bosTokenId().ifPresent(id -> config.put("bos_token_id", id));
        eos(config, model.eosTokenIds());
        try {
            return JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(config);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void eos(ObjectNode config, List<Integer> ids) {
        if (ids.size() == 1) {
            config.put("eos_token_id", ids.get(0));
        } else {
            ids.forEach(config.withArray("eos_token_id")::add);
        }
    }

    private static ObjectNode scaling(Llama3Scaling scaling) {
        return JSON.createObjectNode()
                .put("rope_type", "llama3")
                .put("factor", scaling.factor())
                .put("low_freq_factor", scaling.lowFreqFactor())
                .put("high_freq_factor", scaling.highFreqFactor())
                .put("original_max_position_embeddings", scaling.originalMaxPositions());
    }

    private static String dtype(BaseTensor.Element element) {
        return switch (element) {
            case F32 -> "float32";
            case F16 -> "float16";
            case BF16 -> "bfloat16";
        };
    }
}
