package io.millrace.router.select;

import io.millrace.registry.RegistryView;
import java.util.Optional;

/** One way to decide. Steps are asked in order; the first that answers decides. */
@FunctionalInterface
public interface SelectionStep {

    /**
     * @param view the registry as this request sees it from beginning to end
     * @return empty: this step has nothing to say about the request
     * @throws io.millrace.core.MillraceException where the request names what can't be served
     */
    Optional<Selection> select(RoutingRequest request, RegistryView view);
}
