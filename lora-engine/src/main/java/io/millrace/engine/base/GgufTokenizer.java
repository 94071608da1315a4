package io.millrace.engine.base;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The tokenizer in a GGUF file's metadata, as Hugging Face's files. */
final class GgufTokenizer {
    private static final String PREFIX = "tokenizer.ggml.";
    private static final int CONTROL = 3;
    private static final int USER_DEFINED = 4;

    private final GgufFile file;

    GgufTokenizer(GgufFile file) {
        this.file = file;
    }

    /**
     * @throws MillraceException {@code unsupported_base} where the model or its pre-tokenizer isn't known here,
     *     {@code bad_base} where the vocabulary is missing
     */
    TextFiles textFiles() {
        String model = file.text(PREFIX + "model").orElse("none");
        if (!model.equals("gpt2")) {
            throw unsupported("the tokenizer '" + model + "'");
        }
        List<String> tokens = strings("tokens");
        byte[] tokenizer = BpeTokenizerJson.build(tokens, strings("merges"), added(), split());
        return new TextFiles(tokenizer, config(tokens), file.text("tokenizer.chat_template"));
    }

    private BpeTokenizerJson.Split split() {
        String name = file.text(PREFIX + "pre").orElse("default");
        return switch (name) {
            case "smollm" -> BpeTokenizerJson.Split.SMOLLM;
            case "default", "gpt-2" -> BpeTokenizerJson.Split.GPT2;
            case "llama-bpe", "llama3", "llama-v3" -> BpeTokenizerJson.Split.LLAMA3;
            default -> throw unsupported("the pre-tokenizer '" + name + "'");
        };
    }

    private Map<Integer, Boolean> added() {
        Map<Integer, Boolean> added = new TreeMap<>();
        List<?> types = file.list(PREFIX + "token_type");
        for (int id = 0; id < types.size(); id++) {
            int type = ((Number) types.get(id)).intValue();
            if (type == CONTROL || type == USER_DEFINED) {
                added.put(id, type == CONTROL);
            }
        }
        return added;
    }

    private byte[] config(List<String> tokens) {
        ObjectNode config = new ObjectMapper().createObjectNode();
        for (String role : List.of("bos", "eos", "unknown", "padding")) {
            String name = Map.of("unknown", "unk", "padding", "pad").getOrDefault(role, role) + "_token";
            file.number(PREFIX + role + "_token_id")
                    .map(Number::intValue)
                    .filter(id -> id >= 0 && id < tokens.size())
                    .ifPresent(id -> config.put(name, tokens.get(id)));
        }
        return config.toString().getBytes(StandardCharsets.UTF_8);
    }

    private List<String> strings(String key) {
        List<String> strings =
                file.list(PREFIX + key).stream().map(Object::toString).toList();
        if (strings.isEmpty()) {
            throw new MillraceException(
                    ErrorCode.BAD_BASE,
                    "the GGUF file has no '" + PREFIX + key + "' in its metadata; download it again");
        }
        return strings;
    }

    private static MillraceException unsupported(String what) {
        return new MillraceException(
                ErrorCode.UNSUPPORTED_BASE,
                "the GGUF file has " + what + ", which isn't known here; import the Hugging Face directory");
    }
}
