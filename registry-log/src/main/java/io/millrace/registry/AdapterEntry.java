package io.millrace.registry;

import io.millrace.core.AdapterName;
import io.millrace.core.AdapterSettings;
import io.millrace.core.VersionId;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;

/**
 * One adapter.
 *
 * @param baseId base that its versions are for; empty until the first version or until set
 * @param explicitSettings what was set, as strings; {@code settings} has it applied to the defaults
 * @param aliases movable pointers, without {@code latest} and {@code main}
 * @param versions by ordinal, v1 first
 * @param hold whether automatic promotion is held
 * @param paused whether training is paused
 */
public record AdapterEntry(
        AdapterName name,
        Optional<String> baseId,
        SortedMap<String, String> explicitSettings,
        AdapterSettings settings,
        SortedMap<String, VersionId> aliases,
        List<VersionEntry> versions,
        boolean hold,
        boolean paused,
        Instant createdAt) {

    public static final String CHAMPION = "champion";

    public Optional<VersionId> champion() {
        return Optional.ofNullable(aliases.get(CHAMPION));
    }
}
