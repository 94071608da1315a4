package io.millrace.core;

import java.util.regex.Pattern;

/**
 * The name of an adapter or recipe, {@code namespace/name}, in the grammar of Hugging Face repository ids: each part
 * has 1 to 96 of {@code [A-Za-z0-9._-]}, starts and ends with a letter or digit and holds neither {@code --} nor
 * {@code ..}; the name doesn't end in {@code .git}, {@code .ipynb} or {@code .v<digits>}, which names a version.
 */
public record AdapterName(String namespace, String name) implements Comparable<AdapterName> {
    private static final Pattern PART = Pattern.compile("[A-Za-z0-9]([A-Za-z0-9._-]{0,94}[A-Za-z0-9])?");
    private static final int MAX_SHOWN = 200;
    private static final Pattern VERSIONED = Pattern.compile(".*\\.v[0-9]+");

    public AdapterName {
        check(namespace);
        check(name);
        if (name.endsWith(".git")
                || name.endsWith(".ipynb")
                || VERSIONED.matcher(name).matches()) {
            throw bad(namespace + "/" + name);
        }
    }

    /** @throws MillraceException {@code bad_adapter_name} where the text isn't {@code namespace/name} */
    public static AdapterName parse(String text) {
        int slash = text.indexOf('/');
        if (slash < 0 || slash != text.lastIndexOf('/')) {
            throw bad(text);
        }
        return new AdapterName(text.substring(0, slash), text.substring(slash + 1));
    }

    private static void check(String part) {
        if (!PART.matcher(part).matches() || part.contains("--") || part.contains("..")) {
            throw bad(part);
        }
    }

    private static MillraceException bad(String text) {
        String shown = text.length() <= MAX_SHOWN ? text : text.substring(0, MAX_SHOWN) + "…";
        return new MillraceException(
                ErrorCode.BAD_ADAPTER_NAME,
                "'" + shown + "' is no adapter name; write namespace/name with letters, digits, '.', '_' and '-'"
                        + " (not ending in .v<digits>)");
    }

    @Override
    public int compareTo(AdapterName other) {
        return toString().compareTo(other.toString());
    }

    @Override
    public String toString() {
        return namespace + "/" + name;
    }
}
