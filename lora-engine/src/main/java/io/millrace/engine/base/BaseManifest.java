package io.millrace.engine.base;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.core.BaseDescription.Llama3Scaling;
import io.millrace.core.BaseDescription.Quantisation;
import io.millrace.core.BaseDescription.Rope;
import io.millrace.core.Digest;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What a stored base consists of. Its JSON is canonical (sorted keys, no white space, numbers that aren't integers as
 * strings), and the SHA-256 of that JSON is the base's id.
 *
 * @param tensors digest by name of each tensor in model.safetensors, over type, shape and bytes
 * @param files digest by name of each text file
 */
record BaseManifest(
        Architecture architecture,
        Quantisation quantisation,
        SortedMap<String, Digest> tensors,
        SortedMap<String, Digest> files) {
    static final String FILE = "base.json";

    private static final String FORMAT = "millrace-base/1";
    private static final ObjectMapper JSON = new ObjectMapper();

    BaseManifest {
        tensors = Collections.unmodifiableSortedMap(tensors);
        files = Collections.unmodifiableSortedMap(files);
    }

    Digest id() {
        return Digest.of(toBytes());
    }

    byte[] toBytes() {
        Map<String, Object> json = new TreeMap<>();
        json.put("format", FORMAT);
        json.put("architecture", architectureJson());
        json.put("quantisation", quantisation.name().toLowerCase(Locale.ROOT));
        json.put("tensors", hex(tensors));
        json.put("files", hex(files));
        try {
            return JSON.writeValueAsString(json).getBytes(StandardCharsets.UTF_8);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("maps of strings and numbers have a JSON form", e);
        }
    }

    private Map<String, Object> architectureJson() {
        Map<String, Object> json = new TreeMap<>();
        json.put("family", architecture.family());
        json.put("vocab_size", architecture.vocabSize());
        json.put("hidden_size", architecture.hiddenSize());
        json.put("intermediate_size", architecture.intermediateSize());
        json.put("layers", architecture.layers());
        json.put("heads", architecture.heads());
        json.put("kv_heads", architecture.kvHeads());
        json.put("head_dim", architecture.headDim());
        json.put("max_positions", architecture.maxPositions());
        json.put("rms_norm_eps", Double.toString(architecture.rmsNormEps()));
        json.put("tied_embeddings", architecture.tiedEmbeddings());
        json.put("rope_theta", Double.toString(architecture.rope().theta()));
        architecture.rope().scaling().ifPresent(scaling -> json.put("rope_llama3", scalingJson(scaling)));
        architecture.bosTokenId().ifPresent(id -> json.put("bos_token_id", id));
        json.put("eos_token_ids", architecture.eosTokenIds());
        return json;
    }

    private static Map<String, Object> scalingJson(Llama3Scaling scaling) {
        Map<String, Object> json = new TreeMap<>();
        json.put("factor", Double.toString(scaling.factor()));
        json.put("low_freq_factor", Double.toString(scaling.lowFreqFactor()));
        json.put("high_freq_factor", Double.toString(scaling.highFreqFactor()));
        json.put("original_max_positions", scaling.originalMaxPositions());
        return json;
    }

    /** @throws MillraceException {@code bad_base} where the text is no manifest of a known format */
    static BaseManifest parse(byte[] bytes) {
        try {
            JsonNode json = JSON.readTree(bytes);
            if (!json.path("format").asText().equals(FORMAT)) {
                throw broken(null);
            }
            JsonNode a = json.path("architecture");
            List<Integer> eos = new ArrayList<>();
            a.path("eos_token_ids").forEach(id -> eos.add(id.asInt()));
            Architecture architecture = new Architecture(
                    a.path("family").asText(),
                    a.path("vocab_size").asInt(),
                    a.path("hidden_size").asInt(),
                    a.path("intermediate_size").asInt(),
                    a.path("layers").asInt(),
                    a.path("heads").asInt(),
                    a.path("kv_heads").asInt(),
                    a.path("head_dim").asInt(),
                    a.path("max_positions").asInt(),
                    a.path("rms_norm_eps").asDouble(),
                    a.path("tied_embeddings").asBoolean(),
                    new Rope(a.path("rope_theta").asDouble(), scaling(a.path("rope_llama3"))),
                    a.has("bos_token_id") ? Optional.of(a.get("bos_token_id").asInt()) : Optional.empty(),
                    eos);
            return new BaseManifest(
                    architecture,
                    Quantisation.valueOf(json.path("quantisation").asText().toUpperCase(Locale.ROOT)),
                    digests(json.path("tensors")),
                    digests(json.path("files")));
        } catch (IOException | IllegalArgumentException e) {
            throw broken(e);
        }
    }

    private static Optional<Llama3Scaling> scaling(JsonNode json) {
        return json.isObject()
                ? Optional.of(new Llama3Scaling(
                        json.path("factor").asDouble(),
                        json.path("low_freq_factor").asDouble(),
                        json.path("high_freq_factor").asDouble(),
                        json.path("original_max_positions").asInt()))
                : Optional.empty();
    }

    private static SortedMap<String, Digest> digests(JsonNode json) {
        SortedMap<String, Digest> digests = new TreeMap<>();
        json.fields()
                .forEachRemaining(entry ->
                        digests.put(entry.getKey(), new Digest(entry.getValue().asText())));
        return digests;
    }

    private static Map<String, String> hex(SortedMap<String, Digest> digests) {
        Map<String, String> hex = new TreeMap<>();
        digests.forEach((name, digest) -> hex.put(name, digest.hex()));
        return hex;
    }

    private static MillraceException broken(Throwable cause) {
        return new MillraceException(
                ErrorCode.BAD_BASE, FILE + " is damaged or of a newer version; import the base again", cause);
    }
}
