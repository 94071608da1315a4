package io.millrace.registry;

import io.millrace.core.AdapterName;
import java.util.List;

/** A named weighted composition. */
public record RecipeEntry(AdapterName name, List<Part> parts) {

    /** @param revision alias, vN or 40 hex */
    public record Part(AdapterName adapter, String revision, double weight) {}
}
