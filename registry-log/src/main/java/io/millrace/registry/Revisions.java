package io.millrace.registry;

import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.core.VersionId;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** How a revision is read: {@code latest}, {@code main}, {@code vN}, 40 hex digits, else an alias. */
public final class Revisions {
    public static final String LATEST = "latest";
    public static final String MAIN = "main";

    private static final Pattern ORDINAL = Pattern.compile("v([0-9]{1,9})");
    private static final Pattern RESERVED = Pattern.compile("v[0-9]+|[0-9a-fA-F]{40}|latest|main");
    private static final Pattern ALIAS = Pattern.compile("[A-Za-z0-9]([A-Za-z0-9._-]{0,62}[A-Za-z0-9])?");

    private Revisions() {}

    /** N where the text is {@code vN}. */
    public static OptionalInt ordinal(String revision) {
        Matcher matcher = ORDINAL.matcher(revision);
        return matcher.matches() ? OptionalInt.of(Integer.parseInt(matcher.group(1))) : OptionalInt.empty();
    }

    /** @throws MillraceException {@code bad_alias} where no alias may have this name */
    public static String checkAlias(String alias) {
        if (!ALIAS.matcher(alias).matches() || RESERVED.matcher(alias).matches()) {
            throw new MillraceException(
                    ErrorCode.BAD_ALIAS,
                    "'" + alias + "' can't be an alias; use up to 64 letters, digits, '.', '_', '-', and none of"
                            + " latest, main, v<digits>, 40 hex digits");
        }
        return alias;
    }

    /** The version of the adapter that the revision names. */
    static Optional<VersionEntry> find(
            AdapterEntry adapter,
            String revision,
            Function<VersionId, Optional<VersionEntry>> byId,
            Supplier<Optional<VersionEntry>> latest) {
        if (revision.equals(LATEST)) {
            return latest.get();
        }
        OptionalInt ordinal = ordinal(revision);
        if (ordinal.isPresent()) {
            int n = ordinal.getAsInt();
            return n >= 1 && n <= adapter.versions().size()
                    ? Optional.of(adapter.versions().get(n - 1))
                    : Optional.empty();
        }
        if (VersionId.matches(revision)) {
            return byId.apply(new VersionId(revision));
        }
        String alias = revision.equals(MAIN) || revision.isEmpty() ? AdapterEntry.CHAMPION : revision;
        return Optional.ofNullable(adapter.aliases().get(alias)).flatMap(byId);
    }

    static MillraceException unknown(AdapterEntry adapter, String revision) {
        return new MillraceException(
                ErrorCode.UNKNOWN_REVISION,
                "adapter " + adapter.name() + " has no revision '" + revision + "'; it has "
                        + (adapter.versions().isEmpty()
                                ? "no version yet"
                                : "v1 to v" + adapter.versions().size())
                        + (adapter.aliases().isEmpty()
                                ? ""
                                : " and " + adapter.aliases().keySet()));
    }
}
