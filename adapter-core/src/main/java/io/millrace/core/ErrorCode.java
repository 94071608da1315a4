package io.millrace.core;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/**
 * Every error that a user or another system can see. HTTP status, gRPC status and dead-letter code come from here, and
 * whether the same request can succeed later.
 */
public enum ErrorCode {
    // An example is refused to the dead-letter topic.
    MALFORMED_JSON(400, Retry.NO),
    MISSING_ADAPTER(400, Retry.NO),
    BAD_ADAPTER_NAME(400, Retry.NO),
    UNKNOWN_ADAPTER(404, Retry.NO),
    NO_CONTENT(400, Retry.NO),
    BAD_ROLE_ORDER(400, Retry.NO),
    TOO_LONG(400, Retry.NO),
    NO_TRAINABLE_TOKENS(400, Retry.NO),
    RECORD_TOO_LARGE(413, Retry.NO),
    ID_REUSED(409, Retry.NO),
    TRAINING_FAILED(500, Retry.NO),
    EXCLUDED(409, Retry.NO),
    FORGOTTEN(410, Retry.NO),

    // A request is refused.
    BAD_REQUEST(400, Retry.NO),
    UNSUPPORTED_PARAMETER(400, Retry.NO),
    CONTEXT_LENGTH_EXCEEDED(400, Retry.NO),
    UNAUTHORIZED(401, Retry.NO),
    UNKNOWN_PATH(404, Retry.NO),
    METHOD_NOT_ALLOWED(405, Retry.NO),
    NOT_ACCEPTABLE(406, Retry.NO),
    UNSUPPORTED_MEDIA_TYPE(415, Retry.NO),
    UNKNOWN_REVISION(404, Retry.NO),
    UNKNOWN_MODEL(404, Retry.NO),
    UNKNOWN_RECIPE(404, Retry.NO),
    UNKNOWN_BASE(404, Retry.NO),
    UNKNOWN_FILE(404, Retry.NO),
    UNKNOWN_BLOB(404, Retry.NO),
    UNKNOWN_DECISION(404, Retry.NO),
    UNKNOWN_JOB(404, Retry.NO),
    ALREADY_EXISTS(409, Retry.NO),
    IMMUTABLE_SETTING(409, Retry.NO),
    VERSION_IN_USE(409, Retry.NO),
    NO_EARLIER_CHAMPION(409, Retry.NO),
    VERSION_RETIRED(410, Retry.NO),
    ALIAS_MOVED(412, Retry.YES),
    PRECONDITION_REQUIRED(428, Retry.NO),
    BAD_ALIAS(400, Retry.NO),
    BAD_SETTING(400, Retry.NO),
    BAD_RANGE(416, Retry.NO),
    BLOB_TOO_LARGE(413, Retry.NO),
    DIGEST_MISMATCH(422, Retry.NO),
    INVALID_ADAPTER(422, Retry.NO),

    // A file or directory can't be used.
    BAD_SAFETENSORS(422, Retry.NO),
    BAD_BASE(422, Retry.NO),
    UNSUPPORTED_BASE(422, Retry.NO),
    UNSUPPORTED_TEMPLATE(422, Retry.NO),
    WRONG_BASE(409, Retry.NO),
    DOWNLOAD_FAILED(502, Retry.YES),

    // Something around us fails.
    PORT_TAKEN(503, Retry.NO),
    NOT_READY(503, Retry.YES),
    MOVED_AWAY(503, Retry.YES),
    KAFKA_UNAVAILABLE(503, Retry.YES),
    STORE_UNAVAILABLE(503, Retry.YES),
    STORE_REFUSED(500, Retry.NO),
    OVERLOADED(429, Retry.YES),
    TIMED_OUT(504, Retry.YES),
    INCOMPATIBLE_TOPIC(500, Retry.NO),
    INCOMPATIBLE_LOG(500, Retry.NO),
    NON_FINITE(500, Retry.NO),
    INTERNAL(500, Retry.NO);

    private enum Retry {
        YES,
        NO
    }

    private final int httpStatus;
    private final Retry retry;

    ErrorCode(int httpStatus, Retry retry) {
        this.httpStatus = httpStatus;
        this.retry = retry;
    }

    /** The stable code that problem documents and dead letters carry, as {@code alias_moved}. */
    public String code() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The error of a stable code; empty where this release doesn't know it. */
    public static Optional<ErrorCode> of(String code) {
        return Arrays.stream(values())
                .filter(known -> known.code().equals(code))
                .findFirst();
    }

    public int httpStatus() {
        return httpStatus;
    }

    /** Whether the same request can succeed later. */
    public boolean retryable() {
        return retry == Retry.YES;
    }
}
