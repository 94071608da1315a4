package io.millrace.store;

import io.millrace.core.Digest;
import java.util.Optional;
import java.util.regex.Pattern;

/** Where blobs and snapshots stand, in a bucket as in a directory. */
final class BlobNames {
    static final String BLOBS = "blobs/sha256/";
    static final String SNAPSHOTS = "snapshots/";
    private static final Pattern BLOB = Pattern.compile(BLOBS + "([0-9a-f]{2})/\\1[0-9a-f]{62}");
    private static final Pattern SNAPSHOT = Pattern.compile("[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*");
    private static final Pattern DOTS = Pattern.compile("(.*/)?\\.{1,2}(/.*)?");
    private static final Pattern PREFIX = Pattern.compile("[A-Za-z0-9._/-]*");
    private static final int MAX_CHARS = 512;

    private BlobNames() {}

    /** As {@code blobs/sha256/ab/abcd…}. */
    static String blob(Digest digest) {
        return BLOBS + digest.hex().substring(0, 2) + "/" + digest.hex();
    }

    /** The blob that stands there; empty where that is no blob's place. */
    static Optional<Digest> blobAt(String place) {
        return BLOB.matcher(place).matches()
                ? Optional.of(new Digest(place.substring(place.lastIndexOf('/') + 1)))
                : Optional.empty();
    }

    /** As {@code snapshots/registry/000042}. @throws IllegalArgumentException where it is no snapshot's name */
    static String snapshot(String name) {
        if (name.length() > MAX_CHARS
                || !SNAPSHOT.matcher(name).matches()
                || DOTS.matcher(name).matches()) {
            throw new IllegalArgumentException("no name of a snapshot: " + name);
        }
        return SNAPSHOTS + name;
    }

    /** @throws IllegalArgumentException where no snapshot's name can start so */
    static String snapshotPrefix(String prefix) {
        if (!PREFIX.matcher(prefix).matches() || DOTS.matcher(prefix).matches()) {
            throw new IllegalArgumentException("no snapshot's name starts with " + prefix);
        }
        return SNAPSHOTS + prefix;
    }
}
