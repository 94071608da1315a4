package io.millrace.engine.base;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** Builds the tokenizer.json of a byte-level BPE tokenizer (Radford et al. 2019, GPT-2). */
final class BpeTokenizerJson {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** How text is split before merging. */
    enum Split {
        /** GPT-2's own pattern. */
        GPT2,
        /** Single digits, then GPT-2's pattern. */
        SMOLLM,
        /** Llama 3's pattern: up to three digits, contractions in any case. */
        LLAMA3
    }

    private static final String LLAMA3_PATTERN =
            "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}"
                    + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

    private BpeTokenizerJson() {}

    /**
     * @param tokens by id
     * @param merges pairs in order of rank, as {@code "a b"}
     * @param added ids that are matched in the text before splitting; true for special tokens, which decoding can leave out
     */
    static byte[] build(List<String> tokens, List<String> merges, Map<Integer, Boolean> added, Split split) {
        ObjectNode root = JSON.createObjectNode();
        root.put("version", "1.0").putNull("truncation").putNull("padding");
        root.set("added_tokens", addedTokens(tokens, new TreeMap<>(added)));
        root.putNull("normalizer");
        root.set("pre_tokenizer", preTokenizer(split));
        root.putNull("post_processor");
        root.set("decoder", byteLevel(true));
        ObjectNode model = root.putObject("model");
        model.put("type", "BPE").putNull("dropout").putNull("unk_token");
        model.putNull("continuing_subword_prefix").putNull("end_of_word_suffix");
        model.put("fuse_unk", false).put("byte_fallback", false).put("ignore_merges", split == Split.LLAMA3);
        ObjectNode vocab = model.putObject("vocab");
        for (int id = 0; id < tokens.size(); id++) {
            vocab.put(tokens.get(id), id);
        }
        ArrayNode pairs = model.putArray("merges");
        merges.forEach(pairs::add);
        try {
            return JSON.writeValueAsString(root).getBytes(StandardCharsets.UTF_8);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tree of strings and numbers has a JSON form", e);
        }
    }

    /** The 256 characters that stand for bytes in a byte-level vocabulary, in the order of the bytes. */
    static List<String> byteCharacters() {
        List<String> characters = new ArrayList<>();
        int shifted = 0;
        for (int b = 0; b < 256; b++) {
            boolean printable = (b > 32 && b < 127) || (b > 160 && b != 173);
            characters.add(Character.toString(printable ? b : 256 + shifted++));
        }
        return characters;
    }

    private static ArrayNode addedTokens(List<String> tokens, SortedMap<Integer, Boolean> added) {
        ArrayNode array = JSON.createArrayNode();
        added.forEach((id, special) -> array.addObject()
                .put("id", id)
                .put("content", tokens.get(id))
                .put("single_word", false)
                .put("lstrip", false)
                .put("rstrip", false)
                .put("normalized", false)
                .put("special", special));
        return array;
    }

    private static ObjectNode preTokenizer(Split split) {
        return switch (split) {
            case GPT2 -> byteLevel(true);
            case SMOLLM ->
                sequence(JSON.createObjectNode().put("type", "Digits").put("individual_digits", true), byteLevel(true));
            case LLAMA3 -> {
                ObjectNode pattern = JSON.createObjectNode().put("type", "Split");
                pattern.putObject("pattern").put("Regex", LLAMA3_PATTERN);
                pattern.put("behavior", "Isolated").put("invert", false);
                yield sequence(pattern, byteLevel(false));
            }
        };
    }

    private static ObjectNode sequence(ObjectNode first, ObjectNode second) {
        ObjectNode sequence = JSON.createObjectNode().put("type", "Sequence");
        sequence.putArray("pretokenizers").add(first).add(second);
        return sequence;
    }

    private static ObjectNode byteLevel(boolean useRegex) {
        return JSON.createObjectNode()
                .put("type", "ByteLevel")
                .put("add_prefix_space", false)
                .put("trim_offsets", true)
                .put("use_regex", useRegex);
    }
}
