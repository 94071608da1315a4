package io.millrace.core;

import java.util.regex.Pattern;

/** The id of a version: the first 40 hex digits of the SHA-256 of its canonical manifest. */
public record VersionId(String hex) implements Comparable<VersionId> {
    private static final Pattern HEX = Pattern.compile("[0-9a-f]{40}");

    public VersionId {
        if (!matches(hex)) {
            throw new IllegalArgumentException("not 40 lower-case hex digits: " + hex);
        }
    }

    public static VersionId of(Digest manifest) {
        return new VersionId(manifest.hex().substring(0, 40));
    }

    public static boolean matches(String text) {
        return HEX.matcher(text).matches();
    }

    @Override
    public int compareTo(VersionId other) {
        return hex.compareTo(other.hex);
    }

    @Override
    public String toString() {
        return hex;
    }
}
