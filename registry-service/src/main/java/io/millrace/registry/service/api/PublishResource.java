package io.millrace.registry.service.api;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.core.AdapterName;
import io.millrace.core.CanonicalJson;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.core.VersionId;
import io.millrace.registry.RegistryView;
import io.millrace.registry.service.Publisher;
import io.millrace.registry.service.Publisher.Publication;
import io.millrace.registry.service.Publisher.Published;
import io.millrace.registry.service.RegistryAccess;
import io.millrace.registry.service.RegistryApi;
import io.millrace.registry.service.RequestView;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;

/** Publishing a version whose blobs were uploaded. */
@Path("/api/v1/adapters/{ns}/{name}/versions")
@Tag(name = "registry")
@RegistryApi
@Produces(MediaType.APPLICATION_JSON)
public final class PublishResource {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final RegistryAccess registry;
    private final RequestView current;
    private final Publisher publisher;

    public PublishResource(RegistryAccess registry, RequestView current, Publisher publisher) {
        this.registry = registry;
        this.current = current;
        this.publisher = publisher;
    }

    @POST
    @Operation(
            summary =
                    "Publishes {\"manifest\": …, \"prompts\"?: […], \"promote\"?, \"expected_champion\"?, \"reason\"?};"
                            + " 422 names everything that is wrong")
    public Response publish(
            @PathParam("ns") String ns,
            @PathParam("name") String name,
            @HeaderParam(Commands.IDEMPOTENCY_KEY) String key,
            byte[] body) {
        AdapterName adapter = new AdapterName(ns, name);
        JsonBody json = JsonBody.read(body);
        String named = json.get("manifest").path("adapter").asText("");
        if (!named.equals(adapter.toString())) {
            throw new MillraceException(
                    ErrorCode.INVALID_ADAPTER,
                    "the manifest is for the adapter '" + named + "', the path names " + adapter);
        }
        Publication publication = new Publication(
                canonical(json.get("manifest")),
                prompts(json.get("prompts")),
                json.flag("promote"),
                json.optionalText("expected_champion").map(rev -> expected(adapter, rev)),
                json.optionalText("reason").orElse(""));
        Published published =
                publisher.publish(publication, "rest", Optional.ofNullable(key).filter(k -> !k.isBlank()));
        RegistryView now = registry.view();
        current.written(published.outcome().offset(), now);
        VersionId id = published.version().id();
        return (published.created()
                        ? Response.created(URI.create("/api/v1/adapters/" + adapter + "/versions/" + id))
                        : Response.ok())
                .header(HttpHeaders.ETAG, '"' + id.hex() + '"')
                .entity(VersionJson.of(current.adapter(adapter), published.version()))
                .build();
    }

    private VersionId expected(AdapterName adapter, String revision) {
        return VersionId.matches(revision)
                ? new VersionId(revision)
                : current.get().resolve(adapter, revision).id();
    }

    /** The bytes that the version's id is the digest of, however the object was laid out. */
    private static byte[] canonical(JsonNode manifest) {
        Map<String, Object> fields = JSON.convertValue(manifest, new TypeReference<Map<String, Object>>() {});
        try {
            return CanonicalJson.bytes(fields);
        } catch (IllegalArgumentException e) {
            throw new MillraceException(
                    ErrorCode.INVALID_ADAPTER, "the manifest has no canonical form: " + e.getMessage(), e);
        }
    }

    private static List<String> prompts(JsonNode prompts) {
        List<String> texts = new ArrayList<>();
        if (prompts.isMissingNode() || prompts.isNull()) {
            return texts;
        }
        prompts.forEach(prompt -> texts.add(prompt.isTextual() ? prompt.asText() : ""));
        if (!prompts.isArray() || texts.contains("")) {
            throw new MillraceException(ErrorCode.BAD_REQUEST, "\"prompts\" must be a list of texts");
        }
        return texts;
    }
}
