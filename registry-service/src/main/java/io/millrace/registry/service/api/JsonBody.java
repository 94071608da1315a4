package io.millrace.registry.service.api;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import java.io.IOException;
import java.util.Optional;

/** A request's body, which must be one JSON object. */
final class JsonBody {
    private static final ObjectMapper JSON = JsonMapper.builder()
            .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private final JsonNode node;

    private JsonBody(JsonNode node) {
        this.node = node;
    }

    /** @throws MillraceException {@code malformed_json} */
    static JsonBody read(byte[] body) {
        try {
            JsonNode node = JSON.readTree(body);
            if (node == null || !node.isObject()) {
                throw new MillraceException(ErrorCode.MALFORMED_JSON, "the body must be one JSON object");
            }
            return new JsonBody(node);
        } catch (JsonProcessingException e) {
            throw new MillraceException(
                    ErrorCode.MALFORMED_JSON, "the body is no JSON object: " + e.getOriginalMessage(), e);
        } catch (IOException e) {
            throw new MillraceException(ErrorCode.MALFORMED_JSON, "the body can't be read: " + e.getMessage(), e);
        }
    }

    JsonNode get(String field) {
        return node.path(field);
    }

    /** @throws MillraceException {@code bad_request} where it is missing or no text */
    String text(String field) {
        return optionalText(field)
                .orElseThrow(() -> new MillraceException(
                        ErrorCode.BAD_REQUEST, "the body needs a field \"" + field + "\" with a text"));
    }

    Optional<String> optionalText(String field) {
        JsonNode value = node.path(field);
        if (value.isMissingNode() || value.isNull()) {
            return Optional.empty();
        }
        if (!value.isTextual()) {
            throw new MillraceException(ErrorCode.BAD_REQUEST, "\"" + field + "\" must be a text");
        }
        return Optional.of(value.asText());
    }

    boolean flag(String field) {
        JsonNode value = node.path(field);
        if (!value.isMissingNode() && !value.isNull() && !value.isBoolean()) {
            throw new MillraceException(ErrorCode.BAD_REQUEST, "\"" + field + "\" must be true or false");
        }
        return value.asBoolean(false);
    }
}
