package io.millrace.registry.service.hub;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import io.millrace.core.VersionId;
import io.millrace.registry.AdapterEntry;
import io.millrace.registry.Revisions;
import io.millrace.registry.VersionEntry;
import io.millrace.registry.VersionEntry.FileEntry;
import io.millrace.registry.service.RegistryApi;
import io.millrace.registry.service.RequestView;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DefaultValue;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jboss.resteasy.reactive.RestForm;

/** What the hub's clients ask about a repository before they download it. */
@Path("/api/models/{ns}/{name}")
@Tag(name = "hub")
@RegistryApi
@Produces(MediaType.APPLICATION_JSON)
public final class HubModelsResource {
    private static final DateTimeFormatter MILLIS =
            DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSS'Z'").withZone(ZoneOffset.UTC);

    private final RequestView current;

    public HubModelsResource(RequestView current) {
        this.current = current;
    }

    /** A repository at one revision, as the hub describes it. */
    public record Model(
            @JsonProperty("_id") String key,
            String id,
            String modelId,
            String sha,
            @JsonProperty("private") boolean isPrivate,
            boolean gated,
            boolean disabled,
            String lastModified,
            String createdAt,
            long downloads,
            long likes,
            @JsonProperty("library_name") String libraryName,
            @JsonProperty("pipeline_tag") String pipelineTag,
            List<String> tags,
            List<Sibling> siblings) {}

    /** A file of it; sizes where they were asked for. */
    @JsonInclude(JsonInclude.Include.NON_ABSENT)
    public record Sibling(String rfilename, Optional<Long> size, Optional<String> blobId, Optional<Lfs> lfs) {
        static Sibling of(FileEntry file, boolean withSizes) {
            return withSizes
                    ? new Sibling(
                            file.name(),
                            Optional.of(file.sizeBytes()),
                            Optional.of(oid(file)),
                            Optional.of(new Lfs(file.sha256().hex(), file.sizeBytes(), 0)))
                    : new Sibling(file.name(), Optional.empty(), Optional.empty(), Optional.empty());
        }
    }

    /** A file's digest, in the place where the hub has it. */
    public record Lfs(String sha256, long size, long pointerSize) {}

    /** A file in a listing. */
    public record TreeEntry(String type, String oid, long size, String path, TreeLfs lfs) {
        static TreeEntry of(FileEntry f) {
            return new TreeEntry(
                    "file",
                    HubModelsResource.oid(f),
                    f.sizeBytes(),
                    f.name(),
                    new TreeLfs(f.sha256().hex(), f.sizeBytes(), 0));
        }
    }

    /** A file's digest, in the place where the hub's listings have it. */
    public record TreeLfs(String oid, long size, long pointerSize) {}

    /** What revisions can be asked for by name. */
    public record Refs(List<Ref> branches, List<Ref> tags, List<Ref> converts) {}

    /** A name and the version that it stands for. */
    public record Ref(String name, String ref, String targetCommit) {
        static Ref branch(String name, VersionId id) {
            return new Ref(name, "refs/heads/" + name, id.hex());
        }

        static Ref tag(String name, VersionId id) {
            return new Ref(name, "refs/tags/" + name, id.hex());
        }
    }

    @GET
    @Operation(summary = "The adapter at its champion, as the hub describes a model")
    public Model model(
            @PathParam("ns") String ns,
            @PathParam("name") String name,
            @QueryParam("blobs") @DefaultValue("false") boolean blobs) {
        return revision(ns, name, "main", blobs);
    }

    @GET
    @Path("revision/{rev}")
    @Operation(summary = "The adapter at a revision, as the hub describes a model")
    public Model revision(
            @PathParam("ns") String ns,
            @PathParam("name") String name,
            @PathParam("rev") String rev,
            @QueryParam("blobs") @DefaultValue("false") boolean blobs) {
        HubRepo repo = HubRepo.find(current.get(), ns, name);
        VersionEntry version = repo.version(current.get(), rev);
        Instant created = current.adapter(repo.adapter()).createdAt();
        return new Model(
                version.id().hex(),
                repo.id(),
                repo.id(),
                version.id().hex(),
                false,
                false,
                false,
                MILLIS.format(version.publishedAt()),
                MILLIS.format(created),
                0,
                0,
                "peft",
                "text-generation",
                List.of("peft", "safetensors", "lora"),
                version.files().stream().map(f -> Sibling.of(f, blobs)).toList());
    }

    @GET
    @Path("tree/{rev}")
    @Operation(summary = "The files at a revision")
    public List<TreeEntry> tree(
            @PathParam("ns") String ns, @PathParam("name") String name, @PathParam("rev") String rev) {
        HubRepo repo = HubRepo.find(current.get(), ns, name);
        return repo.version(current.get(), rev).files().stream()
                .map(TreeEntry::of)
                .toList();
    }

    @POST
    @Path("paths-info/{rev}")
    @Consumes(MediaType.APPLICATION_FORM_URLENCODED)
    @Operation(summary = "Those of the named files that there are at a revision")
    public List<TreeEntry> pathsInfo(
            @PathParam("ns") String ns,
            @PathParam("name") String name,
            @PathParam("rev") String rev,
            @RestForm("paths") List<String> paths) {
        return tree(ns, name, rev).stream()
                .filter(f -> paths.contains(f.path()))
                .toList();
    }

    @GET
    @Path("refs")
    @Operation(summary = "main, which is the champion, and the other aliases as branches; versions as tags")
    public Refs refs(@PathParam("ns") String ns, @PathParam("name") String name) {
        HubRepo repo = HubRepo.find(current.get(), ns, name);
        AdapterEntry adapter = current.adapter(repo.adapter());
        List<Ref> branches = new ArrayList<>();
        adapter.champion().ifPresent(id -> branches.add(Ref.branch(Revisions.MAIN, id)));
        adapter.aliases().forEach((alias, id) -> branches.add(Ref.branch(alias, id)));
        return new Refs(
                branches,
                adapter.versions().stream()
                        .filter(v -> !v.retired())
                        .map(v -> Ref.tag(v.ordinalName(), v.id()))
                        .toList(),
                List.of());
    }

    @GET
    @Path("tree/{rev}/{path: .+}")
    @Operation(summary = "There are no folders")
    public List<TreeEntry> tree(
            @PathParam("ns") String ns,
            @PathParam("name") String name,
            @PathParam("rev") String rev,
            @PathParam("path") String path) {
        HubRepo repo = HubRepo.find(current.get(), ns, name);
        repo.version(current.get(), rev);
        throw HubNotFound.entry(repo.id(), path);
    }

    /** The hub's clients expect 40 digits here. */
    private static String oid(FileEntry file) {
        return file.sha256().hex().substring(0, 40);
    }
}
