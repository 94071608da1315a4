package io.millrace.engine.text.jinja;

import java.util.List;

/** A parsed part of a template. */
@FunctionalInterface
interface Node {
    /** How rendering goes on. */
    enum Flow {
        NEXT,
        BREAK,
        CONTINUE
    }

    Flow render(Scope scope, StringBuilder out);

    static Node all(List<Node> nodes) {
        List<Node> parts = List.copyOf(nodes);
        return (scope, out) -> {
            for (Node node : parts) {
                Flow flow = node.render(scope, out);
                if (flow != Flow.NEXT) {
                    return flow;
                }
            }
            return Flow.NEXT;
        };
    }
}
