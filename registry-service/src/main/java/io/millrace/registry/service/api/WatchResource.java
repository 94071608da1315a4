package io.millrace.registry.service.api;

import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.registry.RegistryChange;
import io.millrace.registry.service.OffsetFilter;
import io.millrace.registry.service.RegistryAccess;
import io.millrace.registry.service.RegistryApi;
import io.smallrye.mutiny.Multi;
import io.vertx.core.http.HttpServerResponse;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.sse.OutboundSseEvent;
import jakarta.ws.rs.sse.Sse;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jboss.resteasy.reactive.RestStreamElementType;

/** What changes, as it comes. */
@Path("/api/v1/watch")
@Tag(name = "registry")
@RegistryApi
public final class WatchResource {
    private static final Duration HEARTBEAT = Duration.ofSeconds(15);

    private final RegistryAccess registry;

    public WatchResource(RegistryAccess registry) {
        this.registry = registry;
    }

    /**
     * One change.
     *
     * @param kind {@code adapter}, {@code recipe} or {@code base}
     */
    @JsonNaming(SnakeCaseStrategy.class)
    public record Event(long offset, Instant at, String kind, String name, String what) {
        static Event of(RegistryChange change) {
            return new Event(
                    change.offset(),
                    change.at(),
                    change.kind().name().toLowerCase(Locale.ROOT),
                    change.name(),
                    change.what());
        }
    }

    @GET
    @Produces(MediaType.SERVER_SENT_EVENTS)
    @RestStreamElementType(MediaType.APPLICATION_JSON)
    @Operation(summary = "Changes from an offset on (default: from now on); an event's id is its offset")
    public Multi<OutboundSseEvent> watch(
            @QueryParam("from") Long from,
            @HeaderParam("Last-Event-ID") String lastEventId,
            @Context Sse sse,
            @Context HttpServerResponse response) {
        long start = start(from, lastEventId);
        // Response filters aren't asked about event streams.
        response.putHeader(OffsetFilter.OFFSET, Long.toString(registry.view().offset()));
        Multi<OutboundSseEvent> changes = Multi.createFrom().emitter(emitter -> {
            AutoCloseable watching = registry.watch(start, change -> emitter.emit(event(sse, change)));
            emitter.onTermination(() -> close(watching));
        });
        Multi<OutboundSseEvent> heartbeats = Multi.createFrom()
                .ticks()
                .every(HEARTBEAT)
                .map(tick -> sse.newEventBuilder().comment("").build())
                .onOverflow()
                .drop();
        return Multi.createBy().merging().streams(changes, heartbeats);
    }

    private long start(Long from, String lastEventId) {
        if (lastEventId != null && !lastEventId.isBlank()) {
            try {
                return Long.parseLong(lastEventId.strip()) + 1;
            } catch (NumberFormatException e) {
                throw new MillraceException(
                        ErrorCode.BAD_REQUEST, "Last-Event-ID must be an offset, not '" + lastEventId + "'", e);
            }
        }
        return from == null ? registry.view().offset() + 1 : from;
    }

    private static OutboundSseEvent event(Sse sse, RegistryChange change) {
        return sse.newEventBuilder()
                .id(Long.toString(change.offset()))
                .name("change")
                .data(Event.class, Event.of(change))
                .build();
    }

    private static void close(AutoCloseable watching) {
        try {
            watching.close();
        } catch (Exception e) { // AutoCloseable declares it
            throw new IllegalStateException(e);
        }
    }
}
