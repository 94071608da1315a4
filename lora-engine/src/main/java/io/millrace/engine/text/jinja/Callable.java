package io.millrace.engine.text.jinja;

import java.util.List;
import java.util.Map;

/** A function, macro, filter or method. */
@FunctionalInterface
interface Callable {
    Object call(List<Object> arguments, Map<String, Object> named);
}
