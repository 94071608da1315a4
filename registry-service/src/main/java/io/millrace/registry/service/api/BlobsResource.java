package io.millrace.registry.service.api;

import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import io.millrace.core.Digest;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.registry.service.BlobAccess;
import io.millrace.registry.service.BlobAnswers;
import io.millrace.registry.service.RegistryApi;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HEAD;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.io.InputStream;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;

/** Immutable content by its SHA-256. */
@Path("/api/v1/blobs/{sha256}")
@Tag(name = "registry")
@RegistryApi
public final class BlobsResource {
    private final BlobAccess blobs;
    private final BlobAnswers answers;

    public BlobsResource(BlobAccess blobs, BlobAnswers answers) {
        this.blobs = blobs;
        this.answers = answers;
    }

    /** A stored blob. */
    @JsonNaming(SnakeCaseStrategy.class)
    public record BlobJson(String sha256, long sizeBytes) {}

    @PUT
    @Consumes(MediaType.WILDCARD)
    @Produces(MediaType.APPLICATION_JSON)
    @Operation(summary = "Stores the body, whose digest must be the one in the path")
    public BlobJson put(@PathParam("sha256") String sha256, InputStream content) {
        Digest digest = digest(sha256);
        return new BlobJson(sha256, blobs.upload(digest, content));
    }

    @GET
    @Produces(MediaType.WILDCARD)
    @Operation(summary = "The content, or a range of it")
    public Response get(
            @PathParam("sha256") String sha256,
            @HeaderParam("Range") String range,
            @HeaderParam(HttpHeaders.IF_NONE_MATCH) String ifNoneMatch) {
        Digest digest = digest(sha256);
        return answers.get(digest, blobs.size(digest), MediaType.APPLICATION_OCTET_STREAM, range, ifNoneMatch)
                .build();
    }

    @HEAD
    @Produces(MediaType.WILDCARD)
    @Operation(summary = "Whether it is there, and its size")
    public Response head(@PathParam("sha256") String sha256) {
        Digest digest = digest(sha256);
        return answers.head(digest, blobs.size(digest), MediaType.APPLICATION_OCTET_STREAM)
                .build();
    }

    private static Digest digest(String sha256) {
        if (!sha256.matches("[0-9a-f]{64}")) {
            throw new MillraceException(
                    ErrorCode.BAD_REQUEST, "a blob is named by 64 lower-case hex digits, not '" + sha256 + "'");
        }
        return new Digest(sha256);
    }
}
