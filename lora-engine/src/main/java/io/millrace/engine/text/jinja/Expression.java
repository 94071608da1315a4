package io.millrace.engine.text.jinja;

/** A parsed expression. */
@FunctionalInterface
interface Expression {
    Object evaluate(Scope scope);
}
