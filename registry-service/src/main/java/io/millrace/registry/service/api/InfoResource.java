package io.millrace.registry.service.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import io.millrace.registry.BaseEntry;
import io.millrace.registry.LogStatus;
import io.millrace.registry.service.OffsetFilter;
import io.millrace.registry.service.PartProbe;
import io.millrace.registry.service.RegistryAccess;
import io.millrace.registry.service.RegistryConfig;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.util.Map;
import java.util.Optional;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jboss.resteasy.reactive.RestResponse;

/** What a client needs to know of the system it talks to. Answers without the log, and needs no token. */
@Path("/api/v1/info")
@Tag(name = "registry")
@Produces(MediaType.APPLICATION_JSON)
public final class InfoResource {
    private final RegistryConfig config;
    private final RegistryAccess registry;
    private final PartProbe parts;

    public InfoResource(RegistryConfig config, RegistryAccess registry, PartProbe parts) {
        this.config = config;
        this.registry = registry;
        this.parts = parts;
    }

    /** The answer. */
    @JsonNaming(SnakeCaseStrategy.class)
    public record Info(
            Kafka kafka,
            Store store,
            Base base,
            Log registry,
            Map<String, PartProbe.Part> parts,
            Map<String, String> versions) {}

    /** Where Kafka is. */
    @JsonNaming(SnakeCaseStrategy.class)
    public record Kafka(String bootstrapServers, String topicPrefix, int partitions) {}

    /** Where the object store is. */
    public record Store(String endpoint, String bucket) {}

    /** @param id absent until the base is registered */
    @JsonInclude(JsonInclude.Include.NON_ABSENT)
    public record Base(String name, Optional<String> id) {}

    /** How far the registry's fold is. */
    public record Log(long offset, boolean ready, String detail) {}

    @GET
    @Operation(summary = "Addresses, base, and which parts are up")
    public RestResponse<Info> get() {
        Optional<String> baseId = registry.anyView().bases().stream()
                .filter(b -> b.name().equals(config.base()))
                .map(BaseEntry::id)
                .reduce((first, last) -> last)
                .map(id -> id.hex());
        LogStatus status = registry.status();
        long offset = registry.anyView().offset();
        Info info = new Info(
                new Kafka(
                        config.kafka().bootstrapServers(),
                        config.kafka().topicPrefix(),
                        config.kafka().partitions()),
                new Store(config.s3().endpoint().toString(), config.s3().bucket()),
                new Base(config.base(), baseId),
                new Log(offset, status instanceof LogStatus.Following, status.detail()),
                parts.look(),
                Map.of("millrace", parts.version(), "java", Runtime.version().toString()));
        return RestResponse.ResponseBuilder.ok(info)
                .header(OffsetFilter.OFFSET, offset)
                .build();
    }
}
