package io.millrace.core;

import io.millrace.core.BaseDescription.Llama3Scaling;
import io.millrace.core.BaseDescription.Quantisation;
import io.millrace.core.BaseDescription.Rope;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** A base's description as the registry keeps it: canonical JSON, numbers that aren't integers as strings. */
public final class BaseDescriptionJson {
    private BaseDescriptionJson() {}

    public static String write(BaseDescription base) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("id", base.id().hex());
        json.put("name", base.name());
        json.put("architecture", base.architecture());
        json.put("vocab_size", base.vocabSize());
        json.put("hidden_size", base.hiddenSize());
        json.put("intermediate_size", base.intermediateSize());
        json.put("layers", base.layers());
        json.put("heads", base.heads());
        json.put("kv_heads", base.kvHeads());
        json.put("head_dim", base.headDim());
        json.put("max_positions", base.maxPositions());
        json.put("rms_norm_eps", Double.toString(base.rmsNormEps()));
        json.put("tied_embeddings", base.tiedEmbeddings());
        json.put("rope_theta", Double.toString(base.rope().theta()));
        base.rope().scaling().ifPresent(scaling -> json.put("rope_llama3", write(scaling)));
        base.bosTokenId().ifPresent(id -> json.put("bos_token_id", id));
        json.put("eos_token_ids", base.eosTokenIds());
        json.put("quantisation", base.quantisation().name().toLowerCase(Locale.ROOT));
        return CanonicalJson.text(json);
    }

    /** @throws MillraceException {@code bad_base} where the text is no description */
    public static BaseDescription read(String text) {
        try {
            Map<String, Object> json = StrictJson.object(text.getBytes(StandardCharsets.UTF_8));
            return new BaseDescription(
                    new Digest(string(json, "id")),
                    string(json, "name"),
                    string(json, "architecture"),
                    integer(json, "vocab_size"),
                    integer(json, "hidden_size"),
                    integer(json, "intermediate_size"),
                    integer(json, "layers"),
                    integer(json, "heads"),
                    integer(json, "kv_heads"),
                    integer(json, "head_dim"),
                    integer(json, "max_positions"),
                    Double.parseDouble(string(json, "rms_norm_eps")),
                    (Boolean) json.get("tied_embeddings"),
                    new Rope(
                            Double.parseDouble(string(json, "rope_theta")),
                            Optional.ofNullable(json.get("rope_llama3")).map(BaseDescriptionJson::scaling)),
                    json.containsKey("bos_token_id") ? Optional.of(integer(json, "bos_token_id")) : Optional.empty(),
                    ((List<?>) json.get("eos_token_ids"))
                            .stream().map(Integer.class::cast).toList(),
                    Quantisation.valueOf(string(json, "quantisation").toUpperCase(Locale.ROOT)));
        } catch (StrictJson.Malformed | IllegalArgumentException | ClassCastException | NullPointerException e) {
            throw new MillraceException(ErrorCode.BAD_BASE, "this is no description of a base: " + e.getMessage(), e);
        }
    }

    private static Map<String, Object> write(Llama3Scaling scaling) {
        return Map.of(
                "factor", Double.toString(scaling.factor()),
                "low_freq_factor", Double.toString(scaling.lowFreqFactor()),
                "high_freq_factor", Double.toString(scaling.highFreqFactor()),
                "original_max_positions", scaling.originalMaxPositions());
    }

    private static Llama3Scaling scaling(Object value) {
        Map<?, ?> json = (Map<?, ?>) value;
        return new Llama3Scaling(
                Double.parseDouble((String) json.get("factor")),
                Double.parseDouble((String) json.get("low_freq_factor")),
                Double.parseDouble((String) json.get("high_freq_factor")),
                (Integer) json.get("original_max_positions"));
    }

    private static String string(Map<String, Object> json, String field) {
        return (String) json.get(field);
    }

    private static int integer(Map<String, Object> json, String field) {
        return (Integer) json.get(field);
    }
}
