package io.millrace.engine.text.jinja;

/** A name or item that isn't there: empty when printed, false, and an error in most operations. */
record Undefined(String name) {
    JinjaException error() {
        return new JinjaException("'" + name + "' is undefined");
    }
}
