package io.millrace.registry.service.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import io.millrace.core.VersionId;
import io.millrace.registry.AdapterEntry;
import io.millrace.registry.RegistryView;
import io.millrace.registry.VersionEntry;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * An adapter as the REST interface shows it.
 *
 * @param latest the newest version that isn't retired
 * @param versions how many there are, retired ones included
 * @param settings all, with the defaults
 * @param explicitSettings those that were set
 * @param warnings settings that are allowed but most likely not meant
 */
@JsonNaming(SnakeCaseStrategy.class)
@JsonInclude(JsonInclude.Include.NON_ABSENT)
public record AdapterJson(
        String name,
        Optional<String> baseId,
        Optional<VersionRef> champion,
        Optional<VersionRef> latest,
        Map<String, VersionRef> aliases,
        int versions,
        boolean hold,
        boolean paused,
        Map<String, String> settings,
        Map<String, String> explicitSettings,
        List<String> warnings,
        Instant createdAt) {

    /** A version in brief. */
    public record VersionRef(String version, int ordinal, String label) {
        public static VersionRef of(VersionEntry v) {
            return new VersionRef(v.id().hex(), v.ordinal(), v.ordinalName());
        }
    }

    public static AdapterJson of(RegistryView view, AdapterEntry adapter) {
        Map<String, VersionRef> aliases = new TreeMap<>();
        for (Map.Entry<String, VersionId> alias : adapter.aliases().entrySet()) {
            view.version(adapter.name(), alias.getValue())
                    .ifPresent(v -> aliases.put(alias.getKey(), VersionRef.of(v)));
        }
        return new AdapterJson(
                adapter.name().toString(),
                adapter.baseId(),
                Optional.ofNullable(aliases.get(AdapterEntry.CHAMPION)),
                view.latest(adapter.name()).map(VersionRef::of),
                aliases,
                adapter.versions().size(),
                adapter.hold(),
                adapter.paused(),
                adapter.settings().asMap(),
                adapter.explicitSettings(),
                adapter.settings().warnings(),
                adapter.createdAt());
    }
}
