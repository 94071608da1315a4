package io.millrace.registry.service.api;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.core.BaseDescription;
import io.millrace.core.BaseDescriptionJson;
import io.millrace.core.Digest;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.proto.internal.RegisterBase;
import io.millrace.proto.internal.RegistryRecord;
import io.millrace.registry.BaseEntry;
import io.millrace.registry.service.RegistryApi;
import io.millrace.registry.service.RequestView;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;

/** Bases that adapters are for. */
@Path("/api/v1/bases")
@Tag(name = "registry")
@RegistryApi
@Produces(MediaType.APPLICATION_JSON)
public final class BasesResource {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final RequestView current;
    private final Commands commands;

    public BasesResource(RequestView current, Commands commands) {
        this.current = current;
        this.commands = commands;
    }

    /** @param description as it was registered */
    public record BaseJson(String id, String name, JsonNode description) {}

    /** All of them. */
    public record Bases(List<BaseJson> bases) {}

    @GET
    @Operation(summary = "Registered bases")
    public Bases list() {
        return new Bases(current.get().bases().stream().map(BasesResource::json).toList());
    }

    @GET
    @Path("{id: [0-9a-f]{64}}")
    @Operation(summary = "One base")
    public BaseJson get(@PathParam("id") String id) {
        return json(current.get()
                .base(new Digest(id))
                .orElseThrow(
                        () -> new MillraceException(ErrorCode.UNKNOWN_BASE, "no base is registered with id " + id)));
    }

    @PUT
    @Path("{id: [0-9a-f]{64}}")
    @Operation(summary = "Registers a base by its description; a known one stays as it is")
    public BaseJson put(@PathParam("id") String id, @Context HttpHeaders headers, byte[] body) {
        BaseDescription base = BaseDescriptionJson.read(new String(body, StandardCharsets.UTF_8));
        if (!base.id().hex().equals(id)) {
            throw new MillraceException(
                    ErrorCode.BAD_REQUEST, "the description is of base " + base.id() + ", the path names " + id);
        }
        commands.execute(
                headers,
                RegistryRecord.newBuilder()
                        .setRegisterBase(RegisterBase.newBuilder()
                                .setBaseId(id)
                                .setName(base.name())
                                .setDescriptionJson(BaseDescriptionJson.write(base))));
        return get(id);
    }

    private static BaseJson json(BaseEntry base) {
        try {
            return new BaseJson(base.id().hex(), base.name(), JSON.readTree(base.descriptionJson()));
        } catch (JsonProcessingException e) {
            return new BaseJson(base.id().hex(), base.name(), JSON.missingNode());
        }
    }
}
