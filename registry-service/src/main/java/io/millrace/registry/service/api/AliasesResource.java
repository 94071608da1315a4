package io.millrace.registry.service.api;

import io.millrace.core.AdapterName;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.core.VersionId;
import io.millrace.proto.internal.DeleteAlias;
import io.millrace.proto.internal.MoveAlias;
import io.millrace.proto.internal.RegistryRecord;
import io.millrace.registry.AdapterEntry;
import io.millrace.registry.RegistryView;
import io.millrace.registry.Revisions;
import io.millrace.registry.VersionEntry;
import io.millrace.registry.service.RegistryApi;
import io.millrace.registry.service.RequestView;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.util.Map;
import java.util.Optional;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;

/** Aliases: read with the version they name as entity tag, moved by compare-and-set on it. */
@Path("/api/v1/adapters/{ns}/{name}/aliases")
@Tag(name = "registry")
@RegistryApi
@Produces(MediaType.APPLICATION_JSON)
public final class AliasesResource {
    private final RequestView current;
    private final Commands commands;

    public AliasesResource(RequestView current, Commands commands) {
        this.current = current;
        this.commands = commands;
    }

    /** An alias and what it names. */
    public record AliasJson(String adapter, String alias, String version, int ordinal, String label) {}

    @GET
    @Operation(summary = "All aliases")
    public Map<String, AdapterJson.VersionRef> list(@PathParam("ns") String ns, @PathParam("name") String name) {
        return AdapterJson.of(current.get(), current.adapter(new AdapterName(ns, name)))
                .aliases();
    }

    @GET
    @Path("{alias}")
    @Operation(summary = "What an alias names; the version is its entity tag")
    public Response get(@PathParam("ns") String ns, @PathParam("name") String name, @PathParam("alias") String alias) {
        return answer(new AdapterName(ns, name), Revisions.checkAlias(alias));
    }

    @PUT
    @Path("{alias}")
    @Operation(summary = "Moves the alias to {\"version\": revision}; If-Match or If-None-Match: * is required")
    public Response put(
            @PathParam("ns") String ns,
            @PathParam("name") String name,
            @PathParam("alias") String alias,
            @HeaderParam(HttpHeaders.IF_MATCH) String ifMatch,
            @HeaderParam(HttpHeaders.IF_NONE_MATCH) String ifNoneMatch,
            @Context HttpHeaders headers,
            byte[] body) {
        AdapterName adapter = new AdapterName(ns, name);
        RegistryView view = current.get();
        Revisions.checkAlias(alias);
        Optional<VersionId> expected = Preconditions.expected(view, adapter, ifMatch, ifNoneMatch);
        VersionEntry target = view.resolve(adapter, JsonBody.read(body).text("version"));
        commands.execute(
                headers,
                RegistryRecord.newBuilder()
                        .setMoveAlias(MoveAlias.newBuilder()
                                .setAdapter(adapter.toString())
                                .setAlias(alias)
                                .setTargetVersionId(target.id().hex())
                                .setExpectedVersionId(
                                        expected.map(VersionId::hex).orElse(""))));
        return answer(adapter, alias);
    }

    @DELETE
    @Path("{alias}")
    @Operation(summary = "Removes the alias; If-Match is required")
    public Response delete(
            @PathParam("ns") String ns,
            @PathParam("name") String name,
            @PathParam("alias") String alias,
            @HeaderParam(HttpHeaders.IF_MATCH) String ifMatch,
            @Context HttpHeaders headers) {
        AdapterName adapter = new AdapterName(ns, name);
        VersionId expected =
                Preconditions.expected(current.get(), adapter, ifMatch, null).orElseThrow();
        commands.execute(
                headers,
                RegistryRecord.newBuilder()
                        .setDeleteAlias(DeleteAlias.newBuilder()
                                .setAdapter(adapter.toString())
                                .setAlias(alias)
                                .setExpectedVersionId(expected.hex())));
        return Response.noContent().build();
    }

    private Response answer(AdapterName name, String alias) {
        AdapterEntry adapter = current.adapter(name);
        VersionEntry version = Optional.ofNullable(adapter.aliases().get(alias))
                .flatMap(id -> current.get().version(name, id))
                .orElseThrow(() -> new MillraceException(
                        ErrorCode.UNKNOWN_REVISION,
                        "adapter " + name + " has no alias '" + alias + "'; it has "
                                + adapter.aliases().keySet()));
        return Response.ok(new AliasJson(
                        name.toString(), alias, version.id().hex(), version.ordinal(), version.ordinalName()))
                .header(HttpHeaders.ETAG, '"' + version.id().hex() + '"')
                .build();
    }
}
