package io.millrace.registry.service.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import io.millrace.core.AdapterName;
import io.millrace.proto.internal.RegistryRecord;
import io.millrace.proto.internal.RetireVersion;
import io.millrace.registry.AdapterEntry;
import io.millrace.registry.VersionEntry;
import io.millrace.registry.service.RegistryApi;
import io.millrace.registry.service.RequestView;
import jakarta.ws.rs.DefaultValue;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import java.util.List;
import java.util.Optional;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;

/** Versions of an adapter. */
@Path("/api/v1/adapters/{ns}/{name}/versions")
@Tag(name = "registry")
@RegistryApi
@Produces(MediaType.APPLICATION_JSON)
public final class VersionsResource {
    private final RequestView current;
    private final Commands commands;
    private final Lineage lineage;

    public VersionsResource(RequestView current, Commands commands, Lineage lineage) {
        this.current = current;
        this.commands = commands;
        this.lineage = lineage;
    }

    /** A page of versions, v1 first. */
    @JsonNaming(SnakeCaseStrategy.class)
    @JsonInclude(JsonInclude.Include.NON_ABSENT)
    public record Versions(List<VersionJson> versions, Optional<String> nextPageToken) {}

    @GET
    @Operation(summary = "Versions, v1 first")
    public Versions list(
            @PathParam("ns") String ns,
            @PathParam("name") String name,
            @QueryParam("limit") @DefaultValue("0") int limit,
            @QueryParam("page_token") @DefaultValue("") String pageToken) {
        AdapterEntry adapter = current.adapter(new AdapterName(ns, name));
        Paging.Page<VersionEntry> page = Paging.pageByPlace(adapter.versions(), limit, pageToken);
        return new Versions(page.map(v -> VersionJson.of(adapter, v)), page.next());
    }

    @GET
    @Path("{rev}")
    @Operation(summary = "The version that a revision names: an alias, latest, main, vN or 40 hex")
    public VersionJson get(@PathParam("ns") String ns, @PathParam("name") String name, @PathParam("rev") String rev) {
        AdapterEntry adapter = current.adapter(new AdapterName(ns, name));
        return VersionJson.of(adapter, current.get().resolve(adapter.name(), rev));
    }

    @GET
    @Path("{rev}/lineage")
    @Operation(summary = "The version and its ancestors, newest first, each with the rounds its manifest names")
    public Lineage.Answer lineage(
            @PathParam("ns") String ns,
            @PathParam("name") String name,
            @PathParam("rev") String rev,
            @QueryParam("limit") @DefaultValue("0") int limit,
            @QueryParam("page_token") @DefaultValue("") String pageToken) {
        AdapterEntry adapter = current.adapter(new AdapterName(ns, name));
        return lineage.of(current.get(), current.get().resolve(adapter.name(), rev), limit, pageToken);
    }

    @POST
    @Path("{rev}/retire")
    @Operation(summary = "Retires a version that no alias and no recipe names")
    public VersionJson retire(
            @PathParam("ns") String ns,
            @PathParam("name") String name,
            @PathParam("rev") String rev,
            @Context HttpHeaders headers) {
        AdapterName adapter = new AdapterName(ns, name);
        VersionEntry version = current.get().resolve(adapter, rev);
        commands.execute(
                headers,
                RegistryRecord.newBuilder()
                        .setRetireVersion(RetireVersion.newBuilder()
                                .setAdapter(adapter.toString())
                                .setVersionId(version.id().hex())));
        return get(ns, name, version.id().hex());
    }
}
