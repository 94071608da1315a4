package io.millrace.registry;

import io.millrace.core.AdapterName;
import io.millrace.core.Digest;
import io.millrace.core.VersionId;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** The registry as it is at one offset. Immutable. */
public interface RegistryView {

    /** Offset of the last record that this view contains, -1 for the empty registry. */
    long offset();

    Optional<AdapterEntry> adapter(AdapterName name);

    /** All adapters, sorted by name. */
    List<AdapterEntry> adapters();

    Optional<VersionEntry> version(AdapterName name, VersionId id);

    /**
     * The version that a revision names.
     *
     * @param revision an alias, {@code latest}, {@code main} (champion), {@code vN} or 40 hex
     * @throws io.millrace.core.MillraceException {@code unknown_adapter}, {@code unknown_revision}
     */
    VersionEntry resolve(AdapterName name, String revision);

    /** The newest version that isn't retired. */
    Optional<VersionEntry> latest(AdapterName name);

    /** Where a rollback would bring the champion to; nothing in a view of the past, where none can be made. */
    Optional<VersionId> previousChampion(AdapterName name);

    /** What changed of an adapter, oldest first: its aliases, settings and switches after each such record. */
    List<AdapterHead> history(AdapterName name);

    /** What changed after an offset, oldest first, up to so many. */
    List<RegistryChange> changesAfter(long offset, int limit);

    /**
     * The registry as it was when it had passed an offset.
     *
     * @throws io.millrace.core.MillraceException {@code bad_request} where this view doesn't contain it yet
     */
    RegistryView at(long offset);

    /** The registry as it was at a time, by the broker's clock. */
    RegistryView at(Instant time);

    Optional<RecipeEntry> recipe(AdapterName name);

    List<RecipeEntry> recipes();

    Optional<BaseEntry> base(Digest id);

    List<BaseEntry> bases();
}
