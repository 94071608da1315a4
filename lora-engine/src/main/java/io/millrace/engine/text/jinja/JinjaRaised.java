package io.millrace.engine.text.jinja;

/** The template itself called {@code raise_exception}: it doesn't take these values. */
public final class JinjaRaised extends JinjaException {
    private static final long serialVersionUID = 1L;

    JinjaRaised(String message) {
        super(message);
    }
}
