package io.millrace.registry.service.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.core.VersionId;
import io.millrace.registry.RegistryView;
import io.millrace.registry.VersionEntry;
import io.millrace.registry.service.BlobAccess;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A version's ancestors with what their manifests say of how they came about. */
@Singleton
public final class Lineage {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final BlobAccess blobs;

    public Lineage(BlobAccess blobs) {
        this.blobs = blobs;
    }

    /** A page of ancestors, the version itself first. */
    @JsonNaming(SnakeCaseStrategy.class)
    @JsonInclude(JsonInclude.Include.NON_ABSENT)
    public record Answer(String adapter, String version, List<Ancestor> lineage, Optional<String> nextPageToken) {}

    /** @param manifest the version's whole manifest, with the rounds since its parent */
    @JsonNaming(SnakeCaseStrategy.class)
    @JsonInclude(JsonInclude.Include.NON_ABSENT)
    public record Ancestor(
            String version,
            int ordinal,
            String label,
            Optional<String> parent,
            Optional<String> rebuiltFrom,
            long rounds,
            long examples,
            JsonNode manifest) {}

    Answer of(RegistryView view, VersionEntry version, int limit, String pageToken) {
        Paging.Page<VersionEntry> page = Paging.pageByPlace(ancestors(view, version), limit, pageToken);
        return new Answer(version.adapter().toString(), version.id().hex(), page.map(this::ancestor), page.next());
    }

    private static List<VersionEntry> ancestors(RegistryView view, VersionEntry version) {
        List<VersionEntry> ancestors = new ArrayList<>();
        Optional<VersionEntry> next = Optional.of(version);
        while (next.isPresent()) {
            ancestors.add(next.get());
            next = next.get().parent().flatMap(parent -> view.version(version.adapter(), parent));
        }
        return ancestors;
    }

    private Ancestor ancestor(VersionEntry version) {
        return new Ancestor(
                version.id().hex(),
                version.ordinal(),
                version.ordinalName(),
                version.parent().map(VersionId::hex),
                version.rebuiltFrom().map(VersionId::hex),
                version.rounds(),
                version.examples(),
                manifest(version));
    }

    private JsonNode manifest(VersionEntry version) {
        try {
            return JSON.readTree(blobs.store().get(version.manifest()));
        } catch (IOException e) {
            throw new MillraceException(
                    ErrorCode.INTERNAL, "the manifest of " + version.id() + " is no JSON: " + e.getMessage(), e);
        }
    }
}
