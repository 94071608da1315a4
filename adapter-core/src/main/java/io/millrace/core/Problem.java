package io.millrace.core;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;

/**
 * An RFC 9457 problem document. {@code error} repeats it in the shape that OpenAI clients read.
 *
 * @param type always {@code urn:millrace:error:<code>}
 * @param detail what is wrong and what to do
 * @param code the stable code of {@link ErrorCode}
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Problem(
        String type,
        String title,
        int status,
        String detail,
        String code,
        @JsonProperty("retryable") boolean retryable,
        OpenAiError error) {

    public static final String MEDIA_TYPE = "application/problem+json";

    /** The error object of OpenAI's API. */
    public record OpenAiError(String message, String type, String code) {}

    public static Problem of(MillraceException e) {
        return of(e.code(), e.getMessage());
    }

    public static Problem of(ErrorCode code, String detail) {
        String title = code.code().replace('_', ' ');
        String openAiType = code.httpStatus() < 500 ? "invalid_request_error" : "server_error";
        return new Problem(
                "urn:millrace:error:" + code.code(),
                title,
                code.httpStatus(),
                detail,
                code.code(),
                code.retryable(),
                new OpenAiError(detail, openAiType, code.code()));
    }
}
