package io.millrace.engine.text.jinja;

/** A template can't be parsed, or can't be rendered with these values. */
public class JinjaException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    JinjaException(String message) {
        super(message);
    }
}
