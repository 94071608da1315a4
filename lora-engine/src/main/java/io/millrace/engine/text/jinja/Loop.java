package io.millrace.engine.text.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A {@code for} statement. What its body assigns is forgotten each time around. */
record Loop(List<String> targets, Expression items, Optional<Expression> filter, Node body, Node otherwise)
        implements Node {

    @Override
    public Flow render(Scope scope, StringBuilder out) {
        List<Object> all = selected(scope);
        for (int i = 0; i < all.size(); i++) {
            Scope inner = bound(scope, all.get(i));
            inner.set("loop", LoopState.of(all, i));
            if (body.render(inner, out) == Flow.BREAK) {
                break;
            }
        }
        return all.isEmpty() ? otherwise.render(scope, out) : Flow.NEXT;
    }

    private List<Object> selected(Scope scope) {
        List<Object> all = Values.items(items.evaluate(scope));
        if (filter.isEmpty()) {
            return all;
        }
        List<Object> selected = new ArrayList<>();
        for (Object item : all) {
            if (Values.truth(filter.get().evaluate(bound(scope, item)))) {
                selected.add(item);
            }
        }
        return selected;
    }

    private Scope bound(Scope scope, Object item) {
        Scope inner = scope.inner();
        if (targets.size() == 1) {
            inner.set(targets.get(0), item);
            return inner;
        }
        List<Object> parts = Values.items(item);
        if (parts.size() != targets.size()) {
            throw new JinjaException("a loop over " + targets + " got " + parts.size() + " values");
        }
        for (int i = 0; i < parts.size(); i++) {
            inner.set(targets.get(i), parts.get(i));
        }
        return inner;
    }
}
