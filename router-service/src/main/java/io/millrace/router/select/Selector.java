package io.millrace.router.select;

import io.millrace.registry.RegistryView;
import java.util.List;

/** Asks the steps in order. The last one must always answer. */
public final class Selector {
    private final List<SelectionStep> steps;

    public Selector(List<SelectionStep> steps) {
        this.steps = List.copyOf(steps);
    }

    public Selection select(RoutingRequest request, RegistryView view) {
        return steps.stream()
                .flatMap(step -> step.select(request, view).stream())
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("the last selection step must answer"));
    }
}
