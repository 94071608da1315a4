package io.millrace.engine.text.jinja;

/** Python's None. */
enum None {
    NONE
}
