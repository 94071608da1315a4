package io.millrace.core;

/** An error with a stable code. The message says what is wrong and what to do, in one line. */
public final class MillraceException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final ErrorCode code;

    public MillraceException(ErrorCode code, String message) {
        super(message);
        this.code = code;
    }

    public MillraceException(ErrorCode code, String message, Throwable cause) {
        super(message, cause);
        this.code = code;
    }

    public ErrorCode code() {
        return code;
    }
}
