package io.millrace.core;

import io.millrace.core.TrainingExample.Content;
import java.math.BigInteger;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Reads the value of a record of the examples topic. Whatever the bytes are, the answer is an example or a
 * {@link MillraceException} whose code says why not: {@code record_too_large}, {@code malformed_json} (also for a field
 * of the wrong type), {@code missing_adapter}, {@code bad_adapter_name}, {@code no_content}, {@code bad_role_order}.
 * Its message is one line of at most {@value #MAX_MESSAGE_CHARS} characters, so it fits a record's header.
 */
public final class ExampleParser {
    static final int MAX_MESSAGE_CHARS = 500;
    private static final int MAX_ID_CHARS = 512;
    private static final int MAX_NAME_CHARS = 200;

    private final int maxBytes;

    /** @param maxBytes largest value that is read */
    public ExampleParser(int maxBytes) {
        this.maxBytes = maxBytes;
    }

    /**
     * Reads one record.
     *
     * @param value the record's value; a null one (a tombstone) is malformed
     */
    public TrainingExample parse(byte[] value) {
        try {
            return example(read(value));
        } catch (MillraceException e) {
            throw new MillraceException(e.code(), oneLine(e.getMessage()), e);
        }
    }

    private Map<String, Object> read(byte[] value) {
        if (value == null || value.length == 0) {
            throw malformed("the record has no value; write a JSON object");
        }
        if (value.length > maxBytes) {
            throw new MillraceException(
                    ErrorCode.RECORD_TOO_LARGE,
                    "the record has " + value.length + " bytes, more than the " + maxBytes + " allowed; shorten it");
        }
        try {
            return StrictJson.object(value);
        } catch (StrictJson.Malformed e) {
            throw new MillraceException(ErrorCode.MALFORMED_JSON, "the record is no JSON object: " + e.getMessage(), e);
        }
    }

    private static TrainingExample example(Map<String, Object> fields) {
        AdapterName adapter = adapter(fields);
        Content content = ExampleContent.of(fields);
        List<Map<String, Object>> tools = ExampleContent.tools(fields);
        Map<String, Object> canonical = ExampleContent.canonical(content, tools);
        Digest contentDigest = digest(canonical);
        String id = id(fields).orElseGet(() -> {
            Map<String, Object> identity = new LinkedHashMap<>();
            identity.put("adapter", adapter.toString());
            identity.put("content", canonical);
            return digest(identity).hex();
        });
        return new TrainingExample(adapter, id, content, weight(fields), tools, time(fields), contentDigest);
    }

    private static Digest digest(Map<String, Object> value) {
        try {
            return Digest.of(CanonicalJson.bytes(value));
        } catch (IllegalArgumentException e) {
            throw new MillraceException(ErrorCode.MALFORMED_JSON, "the content can't be kept: " + e.getMessage(), e);
        }
    }

    private static AdapterName adapter(Map<String, Object> fields) {
        Object adapter = fields.get("adapter");
        if (adapter == null || adapter.equals("")) {
            throw new MillraceException(
                    ErrorCode.MISSING_ADAPTER,
                    "the record names no adapter; add \"adapter\": \"namespace/name\", the adapter it is to train");
        }
        if (!(adapter instanceof String name)) {
            throw new MillraceException(ErrorCode.BAD_ADAPTER_NAME, "adapter must be a string, namespace/name");
        }
        if (name.length() > MAX_NAME_CHARS) {
            throw new MillraceException(
                    ErrorCode.BAD_ADAPTER_NAME,
                    "the adapter's name has " + name.length() + " characters; each part may have 96");
        }
        return AdapterName.parse(name);
    }

    private static Optional<String> id(Map<String, Object> fields) {
        Object id = fields.get("id");
        if (id == null) {
            return Optional.empty();
        }
        boolean usable =
                id instanceof String || id instanceof Integer || id instanceof Long || id instanceof BigInteger;
        String text = id.toString();
        if (!usable || text.isBlank() || text.length() > MAX_ID_CHARS || hasUnpairedSurrogate(text)) {
            throw malformed("id must be a string of 1 to " + MAX_ID_CHARS
                    + " characters, or an integer; leave it out to have it computed from the content");
        }
        return Optional.of(text);
    }

    private static boolean hasUnpairedSurrogate(String text) {
        return text.codePoints().anyMatch(c -> c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE);
    }

    private static double weight(Map<String, Object> fields) {
        Object weight = fields.get("weight");
        if (weight == null) {
            return 1;
        }
        if (weight instanceof Number number && number.floatValue() > 0 && Float.isFinite(number.floatValue())) {
            return number.doubleValue();
        }
        throw malformed("weight must be a number above 0; leave the record out instead of giving it no weight");
    }

    private static Optional<String> time(Map<String, Object> fields) {
        Object time = fields.get("time");
        if (time == null) {
            return Optional.empty();
        }
        if (time instanceof String || time instanceof Number) {
            return Optional.of(time.toString());
        }
        throw malformed("time must be a string");
    }

    static MillraceException malformed(String message) {
        return new MillraceException(ErrorCode.MALFORMED_JSON, message);
    }

    private static String oneLine(String message) {
        String line = message.replaceAll("[\\p{Cntrl}\\p{Cs}\\u2028\\u2029]+", " ");
        return line.length() <= MAX_MESSAGE_CHARS ? line : line.substring(0, MAX_MESSAGE_CHARS - 1) + "…";
    }
}
