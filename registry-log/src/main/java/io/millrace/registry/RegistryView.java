package io.millrace.registry;

import io.millrace.core.AdapterName;
import io.millrace.core.Digest;
import io.millrace.core.VersionId;
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

    Optional<RecipeEntry> recipe(AdapterName name);

    List<RecipeEntry> recipes();

    Optional<BaseEntry> base(Digest id);

    List<BaseEntry> bases();
}
