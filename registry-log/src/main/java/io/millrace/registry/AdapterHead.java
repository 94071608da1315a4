package io.millrace.registry;

import io.millrace.core.AdapterSettings;
import io.millrace.core.VersionId;
import java.time.Instant;
import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What of an adapter can change, as it is from one record on.
 *
 * @param offset of the record that made it so
 * @param cause what that record did, in a few words
 */
public record AdapterHead(
        long offset,
        Instant at,
        SortedMap<String, VersionId> aliases,
        SortedMap<String, String> explicitSettings,
        AdapterSettings settings,
        Optional<String> baseId,
        boolean hold,
        boolean paused,
        String cause) {

    static AdapterHead initial(Moment moment) {
        return new AdapterHead(
                moment.offset(),
                moment.at(),
                Collections.emptySortedMap(),
                Collections.emptySortedMap(),
                AdapterSettings.defaults(),
                Optional.empty(),
                false,
                false,
                "created");
    }

    AdapterHead withAlias(String alias, VersionId target) {
        TreeMap<String, VersionId> moved = new TreeMap<>(aliases);
        moved.put(alias, target);
        return withAliases(moved);
    }

    AdapterHead withoutAlias(String alias) {
        TreeMap<String, VersionId> moved = new TreeMap<>(aliases);
        moved.remove(alias);
        return withAliases(moved);
    }

    private AdapterHead withAliases(SortedMap<String, VersionId> moved) {
        return new AdapterHead(
                offset,
                at,
                Collections.unmodifiableSortedMap(moved),
                explicitSettings,
                settings,
                baseId,
                hold,
                paused,
                cause);
    }

    AdapterHead withSettings(Map<String, String> explicit, AdapterSettings applied) {
        return new AdapterHead(
                offset,
                at,
                aliases,
                Collections.unmodifiableSortedMap(new TreeMap<>(explicit)),
                applied,
                baseId,
                hold,
                paused,
                cause);
    }

    AdapterHead withBase(String base) {
        return new AdapterHead(offset, at, aliases, explicitSettings, settings, Optional.of(base), hold, paused, cause);
    }

    AdapterHead withHold(boolean held) {
        return new AdapterHead(offset, at, aliases, explicitSettings, settings, baseId, held, paused, cause);
    }

    AdapterHead withPaused(boolean isPaused) {
        return new AdapterHead(offset, at, aliases, explicitSettings, settings, baseId, hold, isPaused, cause);
    }

    AdapterHead from(Moment moment, String why) {
        return new AdapterHead(
                moment.offset(), moment.at(), aliases, explicitSettings, settings, baseId, hold, paused, why);
    }
}
