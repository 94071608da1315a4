package io.millrace.router.select;

import io.millrace.registry.RegistryView;
import java.util.List;
import java.util.Optional;

/** The request names the base, or an adapter at a revision or at its champion. */
public final class ExplicitStep implements SelectionStep {
    private final ServableVersions versions;

    public ExplicitStep(ServableVersions versions) {
        this.versions = versions;
    }

    @Override
    public Optional<Selection> select(RoutingRequest request, RegistryView view) {
        if (request.model() instanceof ModelRef.BaseAlone) {
            return Optional.of(Selection.named(List.of()));
        }
        if (request.model() instanceof ModelRef.Adapter adapter) {
            return Optional.of(Selection.named(List.of(new Selection.Part(versions.version(adapter, view), 1))));
        }
        return Optional.empty();
    }
}
