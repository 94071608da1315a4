package io.millrace.core;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.Optional;

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

    /**
     * What a web server refuses by itself, before any of our code sees the request.
     *
     * @param status of the HTTP answer
     * @param request its method and path
     * @param cause why, where that is known; an unreadable parameter is a bad request, whatever its status says
     */
    public static Problem ofRefusal(int status, String request, Optional<String> cause) {
        if (cause.isPresent() && status < 500) {
            return of(ErrorCode.BAD_REQUEST, request + " has a parameter that can't be read: " + cause.get());
        }
        return switch (status) {
            case 404 ->
                of(ErrorCode.UNKNOWN_PATH, "there is nothing at " + request + "; /q/openapi lists what there is");
            case 405 -> of(ErrorCode.METHOD_NOT_ALLOWED, request + " isn't possible; /q/openapi lists what is");
            case 406 -> of(ErrorCode.NOT_ACCEPTABLE, request + " has no answer of the type that 'Accept' asks for");
            case 413 -> of(ErrorCode.BLOB_TOO_LARGE, "the body of " + request + " is too large");
            case 415 -> of(ErrorCode.UNSUPPORTED_MEDIA_TYPE, request + " takes no body of that 'Content-Type'");
            default ->
                status < 500
                        ? of(ErrorCode.BAD_REQUEST, request + " is refused with status " + status)
                        : of(ErrorCode.INTERNAL, request + " failed; the service's log says why");
        };
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
