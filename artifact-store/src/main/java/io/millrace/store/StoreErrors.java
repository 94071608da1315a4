package io.millrace.store;

import io.millrace.core.Digest;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;

/** The errors of every store, in the same words. */
final class StoreErrors {
    private StoreErrors() {}

    static MillraceException unknown(Digest digest) {
        return new MillraceException(
                ErrorCode.UNKNOWN_BLOB, "the store has no blob " + digest + "; upload it first or check the digest");
    }

    static MillraceException mismatch(Digest expected, Digest found) {
        return new MillraceException(
                ErrorCode.DIGEST_MISMATCH,
                "the store returned content with the digest " + found + " for " + expected
                        + "; the stored object is damaged: delete it and upload it again");
    }

    static MillraceException unavailable(String what, Throwable cause) {
        return new MillraceException(
                ErrorCode.STORE_UNAVAILABLE,
                what + " can't be reached: " + describe(cause) + "; trying again helps",
                cause);
    }

    private static String describe(Throwable cause) {
        String message = cause.getMessage();
        return message == null || message.isBlank() ? cause.getClass().getSimpleName() : message;
    }

    static byte[] verified(Digest digest, byte[] content) {
        Digest found = Digest.of(content);
        if (!found.equals(digest)) {
            throw mismatch(digest, found);
        }
        return content;
    }

    static void checkRange(long offset, long length) {
        if (offset < 0 || length < -1) {
            throw new IllegalArgumentException("no range: " + length + " bytes at " + offset);
        }
    }
}
