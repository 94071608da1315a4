package io.millrace.core.safetensors;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The header of a file, checked: names are unique, each size is its shape's, and the tensors cover the data without
 * hole or overlap.
 *
 * @param tensors by name
 */
record SafetensorsHeader(SortedMap<String, TensorInfo> tensors, Map<String, String> metadata) {

    /** Bytes of the header's length field. */
    static final int PREFIX_BYTES = 8;

    /** The limit of the format's own implementations. */
    static final long MAX_BYTES = 100_000_000;

    static final String METADATA = "__metadata__";

    private static final JsonFactory JSON = JsonFactory.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();

    SafetensorsHeader {
        tensors = Collections.unmodifiableSortedMap(tensors);
        metadata = Collections.unmodifiableMap(metadata);
    }

    /**
     * The length of the JSON text.
     *
     * @param prefix the file's first eight bytes
     * @param fileBytes size of the whole file
     */
    static int length(String source, long prefix, long fileBytes) {
        if (prefix < 0 || prefix > MAX_BYTES) {
            throw bad(
                    source,
                    "its header would take " + Long.toUnsignedString(prefix) + " bytes, more than the " + MAX_BYTES
                            + " allowed; the file is damaged or no safetensors file");
        }
        if (prefix > fileBytes - PREFIX_BYTES) {
            throw bad(
                    source,
                    "it is truncated: the header needs " + prefix + " bytes and " + (fileBytes - PREFIX_BYTES)
                            + " follow");
        }
        return (int) prefix;
    }

    /** @param dataBytes bytes that follow the header */
    static SafetensorsHeader parse(String source, ByteBuffer json, long dataBytes) {
        if (!json.hasRemaining() || json.get(json.position()) != '{') {
            throw bad(source, "its header doesn't begin with '{'; the file is damaged or no safetensors file");
        }
        String text;
        try {
            text = StandardCharsets.UTF_8.newDecoder().decode(json).toString();
        } catch (CharacterCodingException e) {
            throw bad(source, "its header is not valid UTF-8", e);
        }
        SortedMap<String, TensorInfo> tensors = new TreeMap<>();
        Map<String, String> metadata = new TreeMap<>();
        try (JsonParser parser = JSON.createParser(text)) {
            parser.nextToken();
            while (parser.nextToken() != JsonToken.END_OBJECT) {
                String name = parser.currentName();
                parser.nextToken();
                if (name.equals(METADATA)) {
                    readMetadata(source, parser, metadata);
                } else {
                    tensors.put(name, readTensor(source, name, parser));
                }
            }
            if (parser.nextToken() != null) {
                throw bad(source, "its header has text after the closing brace");
            }
        } catch (JsonProcessingException e) {
            throw bad(source, "its header is no valid JSON: " + e.getOriginalMessage(), e);
        } catch (IOException e) {
            throw bad(source, "its header can't be read: " + e.getMessage(), e);
        }
        checkLayout(source, tensors, dataBytes);
        return new SafetensorsHeader(tensors, metadata);
    }

    private static void readMetadata(String source, JsonParser parser, Map<String, String> into) throws IOException {
        expect(source, parser, JsonToken.START_OBJECT, METADATA + " must be an object of strings");
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String key = parser.currentName();
            parser.nextToken();
            expect(source, parser, JsonToken.VALUE_STRING, METADATA + "'s '" + key + "' must be a string");
            into.put(key, parser.getText());
        }
    }

    private static TensorInfo readTensor(String source, String name, JsonParser parser) throws IOException {
        expect(source, parser, JsonToken.START_OBJECT, "'" + name + "' must be an object");
        Optional<TensorDType> dtype = Optional.empty();
        Optional<List<Long>> shape = Optional.empty();
        Optional<List<Long>> offsets = Optional.empty();
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String field = parser.currentName();
            parser.nextToken();
            switch (field) {
                case "dtype" -> {
                    expect(source, parser, JsonToken.VALUE_STRING, "'" + name + "' must have a string as dtype");
                    dtype = Optional.of(dtype(source, name, parser.getText()));
                }
                case "shape" -> shape = Optional.of(readLongs(source, name, field, parser));
                case "data_offsets" -> offsets = Optional.of(readLongs(source, name, field, parser));
                default -> parser.skipChildren();
            }
        }
        if (dtype.isEmpty() || shape.isEmpty() || offsets.isEmpty()) {
            throw bad(source, "'" + name + "' must have dtype, shape and data_offsets");
        }
        if (offsets.get().size() != 2) {
            throw bad(source, "'" + name + "' must have two data_offsets, not " + offsets.get());
        }
        long begin = offsets.get().get(0);
        long end = offsets.get().get(1);
        TensorInfo tensor = new TensorInfo(name, dtype.get(), shape.get(), begin, end);
        if (begin > end) {
            throw bad(source, "'" + name + "' ends before it begins: data_offsets " + offsets.get());
        }
        checkSize(source, tensor);
        return tensor;
    }

    private static TensorDType dtype(String source, String name, String text) {
        for (TensorDType dtype : TensorDType.values()) {
            if (dtype.name().equals(text)) {
                return dtype;
            }
        }
        throw bad(
                source,
                "'" + name + "' has the dtype '" + text + "'; supported are " + EnumSet.allOf(TensorDType.class));
    }

    private static List<Long> readLongs(String source, String name, String field, JsonParser parser)
            throws IOException {
        String rule = "'" + name + "' must have a list of integers from 0 to 2^63-1 as " + field;
        expect(source, parser, JsonToken.START_ARRAY, rule);
        List<Long> values = new ArrayList<>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            expect(source, parser, JsonToken.VALUE_NUMBER_INT, rule);
            if (parser.getNumberType() == JsonParser.NumberType.BIG_INTEGER || parser.getLongValue() < 0) {
                throw bad(source, rule);
            }
            values.add(parser.getLongValue());
        }
        return values;
    }

    private static void checkSize(String source, TensorInfo tensor) {
        long needed;
        try {
            needed = TensorInfo.sizeBytes(tensor.dtype(), tensor.shape());
        } catch (ArithmeticException e) {
            throw bad(
                    source,
                    "'" + tensor.name() + "' has the shape " + tensor.shape() + ", whose size overflows 64 bits",
                    e);
        }
        if (needed != tensor.sizeBytes()) {
            throw bad(
                    source,
                    String.format(
                            Locale.ROOT,
                            "'%s' has %d bytes, but %s of shape %s needs %d",
                            tensor.name(),
                            tensor.sizeBytes(),
                            tensor.dtype(),
                            tensor.shape(),
                            needed));
        }
    }

    private static void checkLayout(String source, SortedMap<String, TensorInfo> tensors, long dataBytes) {
        long covered = 0;
        String before = "the header";
        List<TensorInfo> inOrder = tensors.values().stream()
                .sorted(Comparator.comparingLong(TensorInfo::begin).thenComparingLong(TensorInfo::end))
                .toList();
        for (TensorInfo tensor : inOrder) {
            if (tensor.end() > dataBytes) {
                throw bad(
                        source,
                        "'" + tensor.name() + "' ends at byte " + tensor.end() + " of " + dataBytes
                                + "; the file is truncated or its offsets are wrong");
            }
            if (tensor.begin() < covered) {
                throw bad(source, "'" + tensor.name() + "' overlaps '" + before + "' at byte " + tensor.begin());
            }
            if (tensor.begin() > covered) {
                throw bad(
                        source,
                        "bytes " + covered + " to " + tensor.begin() + ", before '" + tensor.name()
                                + "', belong to no tensor");
            }
            covered = tensor.end();
            before = tensor.name();
        }
        if (covered != dataBytes) {
            throw bad(source, "bytes " + covered + " to " + dataBytes + ", at the end, belong to no tensor");
        }
    }

    private static void expect(String source, JsonParser parser, JsonToken token, String rule) {
        if (parser.currentToken() != token) {
            throw bad(source, rule);
        }
    }

    static MillraceException bad(String source, String what) {
        return new MillraceException(ErrorCode.BAD_SAFETENSORS, source + ": " + what);
    }

    static MillraceException bad(String source, String what, Throwable cause) {
        return new MillraceException(ErrorCode.BAD_SAFETENSORS, source + ": " + what, cause);
    }
}
