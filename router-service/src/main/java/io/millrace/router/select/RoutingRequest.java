package io.millrace.router.select;

import java.util.List;

/**
 * What a selection is made from.
 *
 * @param inline adapters that the request composes itself; they win over the model
 * @param text what automatic steps compare with prototypes: the last user turn, or the prompt
 */
public record RoutingRequest(ModelRef model, List<Inline> inline, String text) {
    public RoutingRequest {
        inline = List.copyOf(inline);
    }

    public record Inline(ModelRef.Adapter adapter, double weight) {}
}
