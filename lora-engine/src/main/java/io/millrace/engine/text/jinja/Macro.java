package io.millrace.engine.text.jinja;

import java.util.List;
import java.util.Map;

/** A template's own function. */
record Macro(String name, Map<String, Expression> parameters, Node body, Scope outer) implements Callable {

    @Override
    public Object call(List<Object> arguments, Map<String, Object> named) {
        if (arguments.size() > parameters.size() || !parameters.keySet().containsAll(named.keySet())) {
            throw new JinjaException("the macro '" + name + "' takes " + parameters.keySet());
        }
        Scope scope = outer.inner();
        int index = 0;
        for (Map.Entry<String, Expression> parameter : parameters.entrySet()) {
            Object value = index < arguments.size()
                    ? arguments.get(index)
                    : named.containsKey(parameter.getKey())
                            ? named.get(parameter.getKey())
                            : parameter.getValue().evaluate(scope);
            scope.set(parameter.getKey(), value);
            index++;
        }
        StringBuilder out = new StringBuilder();
        body.render(scope, out);
        return out.toString();
    }
}
