package io.millrace.engine.text;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;

/** The tokenizer that a tokenizer.json describes, computed by Hugging Face's own library. */
public final class HfTokenizer implements Tokenizer {
    private static final Map<String, String> AS_WRITTEN =
            Map.of("addSpecialTokens", "false", "truncation", "false", "padding", "false");

    private final HuggingFaceTokenizer tokenizer;
    private final int vocabSize;
    private final int[] prefix;

    private HfTokenizer(HuggingFaceTokenizer tokenizer, int vocabSize) {
        this.tokenizer = tokenizer;
        this.vocabSize = vocabSize;
        this.prefix = prefixOf(tokenizer);
    }

    /**
     * Reads tokenizer.json.
     *
     * @throws MillraceException {@code bad_base} where the library refuses it
     */
    public static HfTokenizer load(byte[] tokenizerJson) {
        try {
            int vocabSize = vocabSize(new ObjectMapper().readTree(tokenizerJson));
            return new HfTokenizer(
                    HuggingFaceTokenizer.newInstance(new ByteArrayInputStream(tokenizerJson), AS_WRITTEN), vocabSize);
        } catch (IOException | RuntimeException e) {
            throw new MillraceException(
                    ErrorCode.BAD_BASE, "tokenizer.json can't be read (" + e.getMessage() + "); download it again", e);
        }
    }

    /** One more than the largest id of vocabulary and added tokens. */
    private static int vocabSize(JsonNode json) {
        int largest = -1;
        JsonNode vocab = json.path("model").path("vocab");
        if (vocab.isArray()) {
            largest = vocab.size() - 1; // a unigram model lists [token, score]
        } else {
            for (JsonNode id : vocab) {
                largest = Math.max(largest, id.asInt());
            }
        }
        for (JsonNode token : json.path("added_tokens")) {
            largest = Math.max(largest, token.path("id").asInt());
        }
        return largest + 1;
    }

    /** What stands before a text's own ids when special tokens are added. */
    private static int[] prefixOf(HuggingFaceTokenizer tokenizer) {
        long[] plain = tokenizer.encode("a", false, false).getIds();
        long[] whole = tokenizer.encode("a", true, false).getIds();
        int start = Collections.indexOfSubList(boxed(whole), boxed(plain));
        return Arrays.stream(whole)
                .limit(Math.max(start, 0))
                .mapToInt(Math::toIntExact)
                .toArray();
    }

    private static List<Long> boxed(long[] ids) {
        return Arrays.stream(ids).boxed().toList();
    }

    @Override
    public int[] encode(String text) {
        return Arrays.stream(tokenizer.encode(wellFormed(text), false, false).getIds())
                .mapToInt(Math::toIntExact)
                .toArray();
    }

    @Override
    public int[] prefix() {
        return prefix.clone();
    }

    @Override
    public String decode(int[] ids, boolean skipSpecial) {
        return tokenizer.decode(Arrays.stream(ids).asLongStream().toArray(), skipSpecial);
    }

    @Override
    public int vocabSize() {
        return vocabSize;
    }

    @Override
    public StreamDecoder streamDecoder() {
        return new WindowedStreamDecoder(this);
    }

    @Override
    public void close() {
        tokenizer.close();
    }

    /** Surrogates without their other half have no UTF-8 form. */
    private static String wellFormed(String text) {
        if (text.chars().noneMatch(c -> Character.isSurrogate((char) c))) {
            return text;
        }
        StringBuilder clean = new StringBuilder(text.length());
        text.codePoints()
                .map(c -> c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE ? 0xfffd : c)
                .forEach(clean::appendCodePoint);
        return clean.toString();
    }
}
