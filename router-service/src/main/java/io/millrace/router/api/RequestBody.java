package io.millrace.router.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import java.io.IOException;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/** A JSON object whose fields are read one by one; each complaint names its field. Null counts as absent. */
final class RequestBody {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final JsonNode root;

    private RequestBody(JsonNode root) {
        this.root = root;
    }

    /** @throws MillraceException {@code malformed_json}, {@code bad_request} where it is no object */
    static RequestBody parse(byte[] body) {
        JsonNode root;
        try {
            root = JSON.readTree(body);
        } catch (IOException e) {
            throw new MillraceException(ErrorCode.MALFORMED_JSON, "the body isn't JSON: " + firstLine(e), e);
        }
        if (root == null || !root.isObject()) {
            throw bad("the body must be a JSON object");
        }
        return new RequestBody(root);
    }

    private static String firstLine(IOException e) {
        return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
    }

    JsonNode root() {
        return root;
    }

    Optional<JsonNode> field(String name) {
        JsonNode value = root.get(name);
        return value == null || value.isNull() ? Optional.empty() : Optional.of(value);
    }

    Optional<String> text(String name) {
        return field(name).map(v -> {
            if (!v.isTextual()) {
                throw bad("'" + name + "' must be a string");
            }
            return v.textValue();
        });
    }

    boolean flag(String name) {
        return field(name)
                .map(v -> {
                    if (!v.isBoolean()) {
                        throw bad("'" + name + "' must be true or false");
                    }
                    return v.booleanValue();
                })
                .orElse(false);
    }

    OptionalInt integer(String name, int min, int max) {
        Optional<JsonNode> value = field(name);
        if (value.isEmpty()) {
            return OptionalInt.empty();
        }
        if (!value.get().isIntegralNumber()
                || !value.get().canConvertToInt()
                || value.get().intValue() < min
                || value.get().intValue() > max) {
            throw bad("'" + name + "' must be an integer from " + min + " to " + max);
        }
        return OptionalInt.of(value.get().intValue());
    }

    OptionalLong whole(String name) {
        Optional<JsonNode> value = field(name);
        if (value.isEmpty()) {
            return OptionalLong.empty();
        }
        if (!value.get().isIntegralNumber() || !value.get().canConvertToLong()) {
            throw bad("'" + name + "' must be a 64-bit integer");
        }
        return OptionalLong.of(value.get().longValue());
    }

    double number(String name, double absent, double min, double max) {
        return field(name)
                .map(v -> {
                    if (!v.isNumber() || !(v.doubleValue() >= min && v.doubleValue() <= max)) {
                        throw bad("'" + name + "' must be a number from " + min + " to " + max);
                    }
                    return v.doubleValue();
                })
                .orElse(absent);
    }

    static MillraceException bad(String detail) {
        return new MillraceException(ErrorCode.BAD_REQUEST, detail);
    }
}
