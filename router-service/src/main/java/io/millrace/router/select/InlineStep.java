package io.millrace.router.select;

import io.millrace.registry.RegistryView;
import java.util.Optional;

/** The request composes adapters itself. */
public final class InlineStep implements SelectionStep {
    private final ServableVersions versions;

    public InlineStep(ServableVersions versions) {
        this.versions = versions;
    }

    @Override
    public Optional<Selection> select(RoutingRequest request, RegistryView view) {
        if (request.inline().isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(Selection.named(request.inline().stream()
                .map(i -> new Selection.Part(versions.version(i.adapter(), view), i.weight()))
                .toList()));
    }
}
