package io.millrace.standalone.cli;

import io.millrace.core.AdapterName;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;

/**
 * A version as people name it.
 *
 * @param revision an alias, {@code latest}, {@code vN} or 40 hex
 */
public record VersionName(AdapterName adapter, String revision) {

    /** @throws MillraceException {@code bad_request} where no revision is named */
    public static VersionName parse(String text) {
        int at = text.indexOf('@');
        if (at < 0) {
            throw new MillraceException(
                    ErrorCode.BAD_REQUEST, "'" + text + "' names no revision; write it as acme/support@v3");
        }
        return new VersionName(AdapterName.parse(text.substring(0, at)), text.substring(at + 1));
    }

    /** The version's place in the registry's interface. */
    public String path() {
        return "/api/v1/adapters/" + adapter + "/versions/" + revision;
    }

    @Override
    public String toString() {
        return adapter + "@" + revision;
    }
}
