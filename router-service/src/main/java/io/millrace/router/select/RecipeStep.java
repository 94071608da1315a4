package io.millrace.router.select;

import io.millrace.registry.AdapterEntry;
import io.millrace.registry.RegistryView;
import java.util.Optional;

/** The request names a recipe. */
public final class RecipeStep implements SelectionStep {
    private final ServableVersions versions;

    public RecipeStep(ServableVersions versions) {
        this.versions = versions;
    }

    @Override
    public Optional<Selection> select(RoutingRequest request, RegistryView view) {
        if (!(request.model() instanceof ModelRef.Recipe recipe)) {
            return Optional.empty();
        }
        return Optional.of(Selection.named(versions.recipe(recipe.name(), view).parts().stream()
                .map(part -> {
                    String revision = part.revision().isEmpty() ? AdapterEntry.CHAMPION : part.revision();
                    var adapter = new ModelRef.Adapter(part.adapter(), Optional.of(revision));
                    return new Selection.Part(versions.version(adapter, view), part.weight());
                })
                .toList()));
    }
}
