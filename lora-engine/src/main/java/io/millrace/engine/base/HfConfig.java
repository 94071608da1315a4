package io.millrace.engine.base;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import io.millrace.core.BaseDescription.Llama3Scaling;
import io.millrace.core.BaseDescription.Rope;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Reads Hugging Face's config.json, in the older form ({@code rope_theta}, {@code rope_scaling}) and the newer one
 * ({@code rope_parameters}). Everything that would change the numbers and isn't known here is refused by name.
 */
final class HfConfig {
    private final JsonNode config;

    HfConfig(JsonNode config) {
        this.config = config;
    }

    /**
     * @param generationConfig generation_config.json, or a missing node
     * @throws MillraceException {@code unsupported_base} where the family or an option isn't known, {@code bad_base}
     *     where a number is missing or impossible
     */
    Architecture architecture(JsonNode generationConfig) {
        checkFamily();
        int hidden = config.path("hidden_size").asInt();
        int heads = config.path("num_attention_heads").asInt();
        int headDim = positiveOr("head_dim", heads > 0 ? hidden / heads : 0);
        return new Architecture(
                "llama",
                config.path("vocab_size").asInt(),
                hidden,
                config.path("intermediate_size").asInt(),
                config.path("num_hidden_layers").asInt(),
                heads,
                positiveOr("num_key_value_heads", heads),
                headDim,
                positiveOr("max_position_embeddings", 2048),
                config.path("rms_norm_eps").asDouble(1e-6),
                config.path("tie_word_embeddings").asBoolean(false),
                rope(),
                ids(config.path("bos_token_id")).stream().findFirst(),
                eosIds(generationConfig));
    }

    private void checkFamily() {
        String family = config.path("model_type").asText("unknown");
        if (family.equals("mistral") && !config.path("sliding_window").isNull()) {
            throw unsupported("mistral with a sliding window of "
                    + config.path("sliding_window").asText("4096"));
        }
        if (!family.equals("llama") && !family.equals("mistral")) {
            throw unsupported("the architecture '" + family + "'");
        }
        if (config.path("attention_bias").asBoolean() || config.path("mlp_bias").asBoolean()) {
            throw unsupported("biases in linear layers");
        }
        String activation = config.path("hidden_act").asText("silu");
        if (!activation.equals("silu") && !activation.equals("swish")) {
            throw unsupported("the activation '" + activation + "'");
        }
        if (!config.path("quantization_config")
                .path("quant_method")
                .asText("bitsandbytes")
                .equals("bitsandbytes")) {
            throw unsupported("the quantisation '"
                    + config.path("quantization_config").path("quant_method").asText() + "'");
        }
    }

    private Rope rope() {
        JsonNode parameters = config.path("rope_parameters");
        JsonNode scaling = parameters.isObject() ? parameters : config.path("rope_scaling");
        double theta =
                parameters.path("rope_theta").asDouble(config.path("rope_theta").asDouble(10_000));
        if (!scaling.isObject()) {
            return new Rope(theta, Optional.empty());
        }
        if (scaling.path("partial_rotary_factor").asDouble(1) != 1) {
            throw unsupported("a partial rotary embedding");
        }
        String type = scaling.path("rope_type").asText(scaling.path("type").asText("default"));
        return switch (type) {
            case "default" -> new Rope(theta, Optional.empty());
            case "llama3" ->
                new Rope(
                        theta,
                        Optional.of(new Llama3Scaling(
                                number(scaling, "factor"),
                                number(scaling, "low_freq_factor"),
                                number(scaling, "high_freq_factor"),
                                (int) number(scaling, "original_max_position_embeddings"))));
            default -> throw unsupported("the rotary scaling '" + type + "'");
        };
    }

    private List<Integer> eosIds(JsonNode generationConfig) {
        Set<Integer> ids = new LinkedHashSet<>(ids(config.path("eos_token_id")));
        ids.addAll(ids(generationConfig.path("eos_token_id")));
        return List.copyOf(ids);
    }

    private static List<Integer> ids(JsonNode node) {
        List<Integer> ids = new ArrayList<>();
        if (node.isInt()) {
            ids.add(node.asInt());
        }
        node.forEach(id -> ids.add(id.asInt()));
        return ids;
    }

    private int positiveOr(String field, int otherwise) {
        JsonNode value = config.hasNonNull(field) ? config.get(field) : MissingNode.getInstance();
        return value.asInt(otherwise);
    }

    private static double number(JsonNode node, String field) {
        if (!node.path(field).isNumber()) {
            throw new MillraceException(
                    ErrorCode.BAD_BASE, "config.json: the rotary scaling has no " + field + "; download it again");
        }
        return node.path(field).asDouble();
    }

    private static MillraceException unsupported(String what) {
        return new MillraceException(
                ErrorCode.UNSUPPORTED_BASE,
                "config.json asks for " + what + ", which this engine doesn't compute; choose a Llama base");
    }
}
