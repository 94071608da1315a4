package io.millrace.core;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * Reads a JSON object that a stranger wrote: valid UTF-8, no duplicate names, nothing after it, nested at most
 * {@value #MAX_DEPTH} deep.
 */
public final class StrictJson {
    static final int MAX_DEPTH = 100;

    private static final ObjectMapper MAPPER = JsonMapper.builder(JsonFactory.builder()
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxNestingDepth(MAX_DEPTH)
                            .build())
                    .build())
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private StrictJson() {}

    /** What is wrong with a text, in one line. */
    public static final class Malformed extends Exception {
        private static final long serialVersionUID = 1L;

        Malformed(String message) {
            super(message);
        }

        Malformed(String message, Throwable cause) {
            super(message, cause);
        }
    }

    /** Members become maps, lists, strings, {@code Integer}, {@code Long}, {@code BigInteger}, {@code Double}, nulls. */
    @SuppressWarnings("unchecked") // a JSON object is read as a map with string keys
    public static Map<String, Object> object(byte[] utf8) throws Malformed {
        Object value;
        try {
            String text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(utf8))
                    .toString();
            value = MAPPER.readValue(text, Object.class);
        } catch (CharacterCodingException e) {
            throw new Malformed("it is not valid UTF-8", e);
        } catch (JsonProcessingException e) {
            throw new Malformed(e.getOriginalMessage(), e);
        }
        if (!(value instanceof Map)) {
            throw new Malformed("it must be a JSON object");
        }
        return (Map<String, Object>) value;
    }
}
