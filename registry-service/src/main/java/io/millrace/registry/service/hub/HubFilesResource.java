package io.millrace.registry.service.hub;

import io.millrace.registry.VersionEntry;
import io.millrace.registry.VersionEntry.FileEntry;
import io.millrace.registry.service.BlobAnswers;
import io.millrace.registry.service.RegistryApi;
import io.millrace.registry.service.RequestView;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HEAD;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;

/** Files of a version, as the hub's clients download them: no redirect, the content's digest as entity tag. */
@Path("/{ns}/{name}/resolve/{rev}/{file: .+}")
@Tag(name = "hub")
@RegistryApi
public final class HubFilesResource {
    private final RequestView current;
    private final BlobAnswers answers;

    public HubFilesResource(RequestView current, BlobAnswers answers) {
        this.current = current;
        this.answers = answers;
    }

    @HEAD
    @Produces(MediaType.WILDCARD)
    @Operation(summary = "A file's revision, digest and size")
    public Response head(
            @PathParam("ns") String ns,
            @PathParam("name") String name,
            @PathParam("rev") String rev,
            @PathParam("file") String file) {
        Found found = find(ns, name, rev, file);
        return named(answers.head(found.file().sha256(), found.file().sizeBytes(), mediaType(file)), found);
    }

    @GET
    @Produces(MediaType.WILDCARD)
    @Operation(summary = "A file's content, or a range of it")
    public Response get(
            @PathParam("ns") String ns,
            @PathParam("name") String name,
            @PathParam("rev") String rev,
            @PathParam("file") String file,
            @HeaderParam("Range") String range,
            @HeaderParam(HttpHeaders.IF_NONE_MATCH) String ifNoneMatch) {
        Found found = find(ns, name, rev, file);
        return named(
                answers.get(found.file().sha256(), found.file().sizeBytes(), mediaType(file), range, ifNoneMatch),
                found);
    }

    private record Found(VersionEntry version, FileEntry file) {}

    private Found find(String ns, String name, String rev, String file) {
        HubRepo repo = HubRepo.find(current.get(), ns, name);
        VersionEntry version = repo.version(current.get(), rev);
        return new Found(version, version.file(file).orElseThrow(() -> HubNotFound.entry(repo.id(), file)));
    }

    private static Response named(Response.ResponseBuilder response, Found found) {
        return response.header("X-Repo-Commit", found.version().id().hex())
                .header(
                        "Content-Disposition",
                        "inline; filename=\"" + found.file().name() + "\"")
                .build();
    }

    private static String mediaType(String file) {
        if (file.endsWith(".json")) {
            return MediaType.APPLICATION_JSON;
        }
        return file.endsWith(".md") ? "text/markdown;charset=UTF-8" : MediaType.APPLICATION_OCTET_STREAM;
    }
}
