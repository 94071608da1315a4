package io.millrace.engine.base;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.core.safetensors.SafetensorsFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The golden tiny-llama as a GGUF file, its query and key rows interleaved as llama.cpp wants them. */
final class TinyGguf {
    static final Path SOURCE = Path.of("src/test/resources/golden/models/tiny-llama");
    private static final int HEAD_DIM = 16;

    private final GgufWriter writer = new GgufWriter();
    private final Map<String, float[]> stored = new HashMap<>();

    TinyGguf(GgufType linear) throws IOException {
        writer.put("general.architecture", "llama")
                .put("llama.block_count", 2)
                .put("llama.context_length", 512)
                .put("llama.embedding_length", 64)
                .put("llama.feed_forward_length", 176)
                .put("llama.attention.head_count", 4)
                .put("llama.attention.head_count_kv", 2)
                .put("llama.attention.layer_norm_rms_epsilon", 1e-5f)
                .put("llama.rope.freq_base", 10000f);
        addTokenizer();
        try (SafetensorsFile file = SafetensorsFile.open(SOURCE.resolve("model.safetensors"))) {
            for (String name : file.tensors().keySet()) {
                addTensor(name, file, linear);
            }
        }
    }

    GgufWriter writer() {
        return writer;
    }

    /** What a tensor's numbers are under Hugging Face's name. */
    float[] stored(String name) {
        return stored.get(name);
    }

    private void addTokenizer() throws IOException {
        JsonNode json =
                new ObjectMapper().readTree(SOURCE.resolve("tokenizer.json").toFile());
        String[] tokens = new String[384];
        Arrays.fill(tokens, "");
        Integer[] types = new Integer[384];
        Arrays.fill(types, 1);
        json.path("model")
                .path("vocab")
                .fields()
                .forEachRemaining(e -> tokens[e.getValue().asInt()] = e.getKey());
        for (JsonNode added : json.path("added_tokens")) {
            tokens[added.path("id").asInt()] = added.path("content").asText();
            types[added.path("id").asInt()] = 3;
        }
        List<String> merges = new ArrayList<>();
        for (JsonNode merge : json.path("model").path("merges")) {
            merges.add(
                    merge.isTextual()
                            ? merge.asText()
                            : merge.get(0).asText() + " " + merge.get(1).asText());
        }
        long used = Arrays.stream(tokens).filter(t -> !t.isEmpty()).count();
        writer.put("tokenizer.ggml.model", "gpt2")
                .put("tokenizer.ggml.pre", "gpt-2")
                .put("tokenizer.ggml.tokens", List.of(Arrays.copyOf(tokens, (int) used)))
                .put("tokenizer.ggml.token_type", List.of(Arrays.copyOf(types, (int) used)))
                .put("tokenizer.ggml.merges", merges)
                .put("tokenizer.ggml.bos_token_id", 0)
                .put("tokenizer.ggml.eos_token_id", 2)
                .put("tokenizer.chat_template", Files.readString(SOURCE.resolve("chat_template.jinja")));
    }

    private void addTensor(String name, SafetensorsFile file, GgufType linear) {
        long[] shape = file.info(name).dims();
        float[] values = file.floats(name);
        boolean interleaved = name.contains("q_proj") || name.contains("k_proj");
        // Blocks lie along rows, so rows can be decoded first and put back after.
        float[] written = interleaved ? interleave(values, (int) shape[1]) : values;
        GgufType type = shape.length == 2 && shape[1] % 32 == 0 ? linear : GgufType.F32;
        float[] decoded = writer.add(ownName(name), shape, written, type);
        stored.put(name, interleaved ? separate(decoded, (int) shape[1]) : decoded);
    }

    /** Row (head, half, j) goes to (head, j, half). */
    private static float[] interleave(float[] values, int columns) {
        float[] out = new float[values.length];
        for (int row = 0; row < values.length / columns; row++) {
            System.arraycopy(values, row * columns, out, interleavedRow(row) * columns, columns);
        }
        return out;
    }

    private static float[] separate(float[] values, int columns) {
        float[] out = new float[values.length];
        for (int row = 0; row < values.length / columns; row++) {
            System.arraycopy(values, interleavedRow(row) * columns, out, row * columns, columns);
        }
        return out;
    }

    private static int interleavedRow(int row) {
        int head = row / HEAD_DIM;
        int half = row % HEAD_DIM / (HEAD_DIM / 2);
        int j = row % (HEAD_DIM / 2);
        return head * HEAD_DIM + j * 2 + half;
    }

    private static String ownName(String name) {
        return name.replace("model.layers.", "blk.")
                .replace("self_attn.o_proj", "attn_output")
                .replace("self_attn.", "attn_")
                .replace("mlp.", "ffn_")
                .replace("_proj", "")
                .replace("input_layernorm", "attn_norm")
                .replace("post_attention_layernorm", "ffn_norm")
                .replace("model.embed_tokens", "token_embd")
                .replace("model.norm", "output_norm");
    }
}
