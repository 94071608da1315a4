package io.millrace.engine.base;

import io.millrace.core.BaseDescription.Rope;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A Llama model in a GGUF file, under Hugging Face's tensor names. */
final class GgufSource implements WeightSource {
    private static final Pattern BLOCK = Pattern.compile("model\\.layers\\.(\\d+)\\.(.+)\\.weight");

    private final Path path;
    private final GgufFile file;
    private final Architecture architecture;

    /** @throws MillraceException {@code bad_base}, {@code unsupported_base} */
    GgufSource(Path path) {
        this.path = path;
        this.file = GgufFile.open(path);
        try {
            this.architecture = readArchitecture();
        } catch (RuntimeException e) {
            file.close();
            throw e;
        }
    }

    private Architecture readArchitecture() {
        String family = file.text("general.architecture").orElse("unknown");
        if (!family.equals("llama")) {
            throw unsupported("the architecture '" + family + "'");
        }
        String scaling = file.text("llama.rope.scaling.type").orElse("none");
        if (!scaling.equals("none") || file.tensor("rope_freqs.weight").isPresent()) {
            throw unsupported("scaled rotary frequencies; import the Hugging Face directory");
        }
        if (file.number("llama.expert_count").map(Number::intValue).orElse(0) > 0) {
            throw unsupported("experts");
        }
        int hidden = file.required("llama.embedding_length").intValue();
        int heads = file.required("llama.attention.head_count").intValue();
        int headDim =
                file.number("llama.attention.key_length").map(Number::intValue).orElse(heads > 0 ? hidden / heads : 0);
        if (file.number("llama.rope.dimension_count").map(Number::intValue).orElse(headDim) != headDim) {
            throw unsupported("a partial rotary embedding");
        }
        return new Architecture(
                "llama",
                (int) embedding().shape()[0],
                hidden,
                file.required("llama.feed_forward_length").intValue(),
                file.required("llama.block_count").intValue(),
                heads,
                file.number("llama.attention.head_count_kv")
                        .map(Number::intValue)
                        .orElse(heads),
                headDim,
                file.required("llama.context_length").intValue(),
                decimal(file.required("llama.attention.layer_norm_rms_epsilon")),
                file.tensor("output.weight").isEmpty(),
                new Rope(decimal(file.number("llama.rope.freq_base").orElse(10_000.0)), Optional.empty()),
                file.number("tokenizer.ggml.bos_token_id").map(Number::intValue),
                eosIds());
    }

    /** The shortest decimal of a float32, which is what the model's authors wrote: 1e-5, not 9.999999747378752e-6. */
    private static double decimal(Number number) {
        return Double.parseDouble(number.toString());
    }

    private List<Integer> eosIds() {
        Set<Integer> ids = new LinkedHashSet<>();
        for (String key : List.of("eos_token_id", "eot_token_id")) {
            file.number("tokenizer.ggml." + key).map(Number::intValue).ifPresent(ids::add);
        }
        return List.copyOf(ids);
    }

    private GgufFile.Tensor embedding() {
        return file.tensor("token_embd.weight").orElseThrow(() -> missing("token_embd.weight"));
    }

    @Override
    public Architecture architecture() {
        return architecture;
    }

    @Override
    public TextFiles text() {
        return new GgufTokenizer(file).textFiles();
    }

    @Override
    public SourceTensor tensor(String name) {
        String own = ownName(name);
        GgufFile.Tensor tensor = file.tensor(own).orElseThrow(() -> missing(own));
        int interleavedHeads = own.endsWith("attn_q.weight")
                ? architecture.heads()
                : own.endsWith("attn_k.weight") ? architecture.kvHeads() : 0;
        return new GgufNumbers(file, tensor, interleavedHeads);
    }

    private static String ownName(String name) {
        Matcher block = BLOCK.matcher(name);
        if (!block.matches()) {
            return switch (name) {
                case "model.embed_tokens.weight" -> "token_embd.weight";
                case "model.norm.weight" -> "output_norm.weight";
                case "lm_head.weight" -> "output.weight";
                default -> name;
            };
        }
        String module =
                switch (block.group(2)) {
                    case "input_layernorm" -> "attn_norm";
                    case "post_attention_layernorm" -> "ffn_norm";
                    case "self_attn.q_proj" -> "attn_q";
                    case "self_attn.k_proj" -> "attn_k";
                    case "self_attn.v_proj" -> "attn_v";
                    case "self_attn.o_proj" -> "attn_output";
                    case "mlp.gate_proj" -> "ffn_gate";
                    case "mlp.up_proj" -> "ffn_up";
                    case "mlp.down_proj" -> "ffn_down";
                    default -> block.group(2);
                };
        return "blk." + block.group(1) + "." + module + ".weight";
    }

    private MillraceException missing(String tensor) {
        return new MillraceException(ErrorCode.BAD_BASE, path + " has no tensor '" + tensor + "'; download it again");
    }

    private MillraceException unsupported(String what) {
        return new MillraceException(
                ErrorCode.UNSUPPORTED_BASE, path + " asks for " + what + ", which can't be imported from GGUF");
    }

    @Override
    public void close() {
        file.close();
    }
}
