package io.millrace.registry.service.hub;

import io.millrace.core.ErrorCode;

/** A 404 with the code that the hub's clients tell errors by. */
final class HubNotFound extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final ErrorCode code;
    private final String hubCode;

    private HubNotFound(ErrorCode code, String hubCode, String message, Throwable cause) {
        super(message, cause);
        this.code = code;
        this.hubCode = hubCode;
    }

    static HubNotFound repo(String id, Throwable cause) {
        return new HubNotFound(ErrorCode.UNKNOWN_ADAPTER, "RepoNotFound", "there is no adapter " + id, cause);
    }

    static HubNotFound revision(String id, String revision, Throwable cause) {
        return new HubNotFound(
                ErrorCode.UNKNOWN_REVISION,
                "RevisionNotFound",
                "adapter " + id + " has no revision '" + revision + "'",
                cause);
    }

    static HubNotFound entry(String id, String file) {
        return new HubNotFound(
                ErrorCode.UNKNOWN_FILE, "EntryNotFound", "adapter " + id + " has no file '" + file + "'", null);
    }

    ErrorCode code() {
        return code;
    }

    String hubCode() {
        return hubCode;
    }
}
