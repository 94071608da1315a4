package io.millrace.router.select;

import io.millrace.registry.RegistryView;
import java.util.List;
import java.util.Optional;

/** No step decided, as no adapter can be compared with yet: the base answers. */
public final class BaseStep implements SelectionStep {
    static final String STEP = "base";

    @Override
    public Optional<Selection> select(RoutingRequest request, RegistryView view) {
        return Optional.of(new Selection(STEP, List.of(), 1, List.of(), false));
    }
}
