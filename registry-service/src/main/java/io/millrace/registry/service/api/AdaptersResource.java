package io.millrace.registry.service.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import io.millrace.core.AdapterName;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.core.VersionId;
import io.millrace.proto.internal.PutAdapter;
import io.millrace.proto.internal.RegistryRecord;
import io.millrace.proto.internal.RollbackChampion;
import io.millrace.proto.internal.SetHold;
import io.millrace.proto.internal.SetPaused;
import io.millrace.registry.AdapterEntry;
import io.millrace.registry.AdapterHead;
import io.millrace.registry.BaseEntry;
import io.millrace.registry.service.RegistryApi;
import io.millrace.registry.service.RequestView;
import jakarta.ws.rs.DefaultValue;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;

/** Adapters: lists, settings, and the switches of their training and promotion. */
@Path("/api/v1/adapters")
@Tag(name = "registry")
@RegistryApi
@Produces(MediaType.APPLICATION_JSON)
public final class AdaptersResource {
    private final RequestView current;
    private final Commands commands;

    public AdaptersResource(RequestView current, Commands commands) {
        this.current = current;
        this.commands = commands;
    }

    /** A page of adapters. */
    @JsonNaming(SnakeCaseStrategy.class)
    @JsonInclude(JsonInclude.Include.NON_ABSENT)
    public record Adapters(List<AdapterJson> adapters, Optional<String> nextPageToken) {}

    /** What changed of an adapter, oldest first. */
    @JsonNaming(SnakeCaseStrategy.class)
    @JsonInclude(JsonInclude.Include.NON_ABSENT)
    public record History(List<HistoryEntry> history, Optional<String> nextPageToken) {}

    /** The aliases after one change. */
    public record HistoryEntry(
            long offset, Instant at, String what, Map<String, String> aliases, boolean hold, boolean paused) {
        static HistoryEntry of(AdapterHead head) {
            Map<String, String> aliases = new TreeMap<>();
            head.aliases().forEach((alias, id) -> aliases.put(alias, id.hex()));
            return new HistoryEntry(head.offset(), head.at(), head.cause(), aliases, head.hold(), head.paused());
        }
    }

    @GET
    @Operation(summary = "Adapters by name")
    public Adapters list(
            @QueryParam("limit") @DefaultValue("0") int limit,
            @QueryParam("page_token") @DefaultValue("") String pageToken) {
        Paging.Page<AdapterEntry> page = Paging.page(
                current.get().adapters(), limit, pageToken, a -> a.name().toString());
        return new Adapters(page.map(a -> AdapterJson.of(current.get(), a)), page.next());
    }

    @GET
    @Path("{ns}/{name}")
    @Operation(summary = "One adapter with its aliases and settings")
    public AdapterJson get(@PathParam("ns") String ns, @PathParam("name") String name) {
        return AdapterJson.of(current.get(), current.adapter(new AdapterName(ns, name)));
    }

    @PUT
    @Path("{ns}/{name}")
    @Operation(summary = "Creates the adapter or changes settings: {\"settings\": {key: value or null}, \"base\": …}")
    public AdapterJson put(
            @PathParam("ns") String ns, @PathParam("name") String name, @Context HttpHeaders headers, byte[] body) {
        AdapterName adapter = new AdapterName(ns, name);
        JsonBody json = JsonBody.read(body);
        PutAdapter.Builder command = PutAdapter.newBuilder()
                .setAdapter(adapter.toString())
                .putAllSettings(settings(json.get("settings")))
                .setBaseId(json.optionalText("base").map(this::baseId).orElse(""));
        commands.execute(headers, RegistryRecord.newBuilder().setPutAdapter(command));
        return get(ns, name);
    }

    @GET
    @Path("{ns}/{name}/history")
    @Operation(summary = "What changed of an adapter, with its aliases after each change")
    public History history(
            @PathParam("ns") String ns,
            @PathParam("name") String name,
            @QueryParam("limit") @DefaultValue("0") int limit,
            @QueryParam("page_token") @DefaultValue("") String pageToken) {
        AdapterName adapter = current.adapter(new AdapterName(ns, name)).name();
        Paging.Page<AdapterHead> page = Paging.pageByPlace(current.get().history(adapter), limit, pageToken);
        return new History(page.map(HistoryEntry::of), page.next());
    }

    @POST
    @Path("{ns}/{name}/hold")
    @Operation(summary = "Holds automatic promotion")
    public AdapterJson hold(@PathParam("ns") String ns, @PathParam("name") String name, @Context HttpHeaders headers) {
        return hold(ns, name, headers, true);
    }

    @POST
    @Path("{ns}/{name}/release")
    @Operation(summary = "Allows automatic promotion again")
    public AdapterJson release(
            @PathParam("ns") String ns, @PathParam("name") String name, @Context HttpHeaders headers) {
        return hold(ns, name, headers, false);
    }

    @POST
    @Path("{ns}/{name}/pause")
    @Operation(summary = "Pauses training")
    public AdapterJson pause(@PathParam("ns") String ns, @PathParam("name") String name, @Context HttpHeaders headers) {
        return pause(ns, name, headers, true);
    }

    @POST
    @Path("{ns}/{name}/resume")
    @Operation(summary = "Goes on training")
    public AdapterJson resume(
            @PathParam("ns") String ns, @PathParam("name") String name, @Context HttpHeaders headers) {
        return pause(ns, name, headers, false);
    }

    @POST
    @Path("{ns}/{name}/rollback")
    @Operation(summary = "Moves champion to what it named before its last promotion, and holds automatic promotion")
    public AdapterJson rollback(
            @PathParam("ns") String ns,
            @PathParam("name") String name,
            @HeaderParam(HttpHeaders.IF_MATCH) String ifMatch,
            @Context HttpHeaders headers) {
        AdapterEntry adapter = current.adapter(new AdapterName(ns, name));
        Optional<VersionId> expected = ifMatch == null
                ? adapter.champion()
                : Preconditions.expected(current.get(), adapter.name(), ifMatch, null);
        commands.execute(
                headers,
                RegistryRecord.newBuilder()
                        .setRollbackChampion(RollbackChampion.newBuilder()
                                .setAdapter(adapter.name().toString())
                                .setExpectedVersionId(
                                        expected.map(VersionId::hex).orElse(""))));
        return get(ns, name);
    }

    private AdapterJson hold(String ns, String name, HttpHeaders headers, boolean hold) {
        commands.execute(
                headers,
                RegistryRecord.newBuilder()
                        .setSetHold(SetHold.newBuilder()
                                .setAdapter(new AdapterName(ns, name).toString())
                                .setHold(hold)));
        return get(ns, name);
    }

    private AdapterJson pause(String ns, String name, HttpHeaders headers, boolean paused) {
        commands.execute(
                headers,
                RegistryRecord.newBuilder()
                        .setSetPaused(SetPaused.newBuilder()
                                .setAdapter(new AdapterName(ns, name).toString())
                                .setPaused(paused)));
        return get(ns, name);
    }

    /** A base by its id, or by the name of the one that was registered last under it. */
    private String baseId(String base) {
        if (base.matches("[0-9a-f]{64}")) {
            return base;
        }
        return current.get().bases().stream()
                .filter(b -> b.name().equals(base))
                .map(BaseEntry::id)
                .reduce((first, last) -> last)
                .orElseThrow(() -> new MillraceException(
                        ErrorCode.UNKNOWN_BASE,
                        "no base is registered as '" + base + "'; GET /api/v1/bases lists them"))
                .hex();
    }

    private static Map<String, String> settings(JsonNode settings) {
        if (settings.isMissingNode() || settings.isNull()) {
            return Map.of();
        }
        if (!settings.isObject()) {
            throw new MillraceException(
                    ErrorCode.BAD_REQUEST, "\"settings\" must be an object, as {\"round.max-examples\": 64}");
        }
        Map<String, String> values = new TreeMap<>();
        settings.fields().forEachRemaining(field -> {
            if (field.getValue().isContainerNode()) {
                throw new MillraceException(
                        ErrorCode.BAD_SETTING, field.getKey() + " must be a text, a number or a truth value");
            }
            values.put(
                    field.getKey(),
                    field.getValue().isNull() ? "" : field.getValue().asText());
        });
        return values;
    }
}
