package io.millrace.registry.service.api;

import io.millrace.core.AdapterName;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.core.VersionId;
import io.millrace.registry.RegistryView;
import java.util.Optional;

/** {@code If-Match} and {@code If-None-Match} as compare-and-set of an alias. */
final class Preconditions {
    private Preconditions() {}

    /**
     * What the alias is expected to name; empty: it is expected not to exist.
     *
     * @param ifMatch the header, or null; a version in any form that names one
     * @param ifNoneMatch the header, or null
     * @throws MillraceException {@code precondition_required} without either
     */
    static Optional<VersionId> expected(RegistryView view, AdapterName adapter, String ifMatch, String ifNoneMatch) {
        if (ifNoneMatch != null && ifNoneMatch.strip().equals("*") && ifMatch == null) {
            return Optional.empty();
        }
        if (ifMatch == null || ifMatch.isBlank() || ifMatch.strip().equals("*")) {
            throw new MillraceException(
                    ErrorCode.PRECONDITION_REQUIRED,
                    "aliases move by compare-and-set: send If-Match: \"<version it names now>\", or If-None-Match: * to"
                            + " create it");
        }
        String revision = unquoted(ifMatch.strip());
        return Optional.of(
                VersionId.matches(revision)
                        ? new VersionId(revision)
                        : view.resolve(adapter, revision).id());
    }

    private static String unquoted(String tag) {
        return tag.length() >= 2 && tag.startsWith("\"") && tag.endsWith("\"")
                ? tag.substring(1, tag.length() - 1)
                : tag;
    }
}
