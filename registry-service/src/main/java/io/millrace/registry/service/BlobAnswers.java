package io.millrace.registry.service;

import io.millrace.core.Digest;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Response;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A blob as an answer's body: whole, or the one range that was asked for (RFC 9110, section 14). */
public final class BlobAnswers {
    private static final Pattern RANGE = Pattern.compile("bytes=([0-9]{0,18})-([0-9]{0,18})");

    private final BlobAccess blobs;

    public BlobAnswers(BlobAccess blobs) {
        this.blobs = blobs;
    }

    private record Range(long first, long last) {}

    /** Headers alone. */
    public Response.ResponseBuilder head(Digest digest, long size, String mediaType) {
        return common(Response.ok(), digest, mediaType).header(HttpHeaders.CONTENT_LENGTH, size);
    }

    /**
     * The content.
     *
     * @param rangeHeader may be null; one that isn't understood is passed over, as the RFC says
     * @param ifNoneMatch may be null
     * @throws MillraceException {@code bad_range}
     */
    public Response.ResponseBuilder get(
            Digest digest, long size, String mediaType, String rangeHeader, String ifNoneMatch) {
        if (ifNoneMatch != null && ifNoneMatch.contains(digest.hex())) {
            return common(Response.notModified(), digest, mediaType);
        }
        Optional<Range> range = range(rangeHeader, size);
        if (range.isEmpty()) {
            return common(Response.ok(blobs.store().open(digest, 0, -1)), digest, mediaType)
                    .header(HttpHeaders.CONTENT_LENGTH, size);
        }
        long first = range.get().first();
        long length = range.get().last() - first + 1;
        return common(
                        Response.status(Response.Status.PARTIAL_CONTENT)
                                .entity(blobs.store().open(digest, first, length)),
                        digest,
                        mediaType)
                .header("Content-Range", "bytes " + first + "-" + range.get().last() + "/" + size)
                .header(HttpHeaders.CONTENT_LENGTH, length);
    }

    private static Response.ResponseBuilder common(Response.ResponseBuilder response, Digest digest, String mediaType) {
        return response.type(mediaType)
                .header(HttpHeaders.ETAG, '"' + digest.hex() + '"')
                .header("Accept-Ranges", "bytes");
    }

    private static Optional<Range> range(String header, long size) {
        if (header == null) {
            return Optional.empty();
        }
        Matcher matcher = RANGE.matcher(header.strip());
        if (!matcher.matches()
                || (matcher.group(1).isEmpty() && matcher.group(2).isEmpty())) {
            return Optional.empty();
        }
        boolean suffix = matcher.group(1).isEmpty();
        long first = suffix ? Math.max(0, size - Long.parseLong(matcher.group(2))) : Long.parseLong(matcher.group(1));
        long last = suffix || matcher.group(2).isEmpty() ? size - 1 : Long.parseLong(matcher.group(2));
        if (first >= size || last < first) {
            throw new MillraceException(
                    ErrorCode.BAD_RANGE, "the range " + header + " lies outside of the " + size + " bytes there are");
        }
        return Optional.of(new Range(first, Math.min(last, size - 1)));
    }
}
