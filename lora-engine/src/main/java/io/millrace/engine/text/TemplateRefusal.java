package io.millrace.engine.text;

/** Thrown by a template's own {@code raise_exception}: it doesn't take this conversation. */
public final class TemplateRefusal extends RuntimeException {
    private static final long serialVersionUID = 1L;

    TemplateRefusal(String message) {
        super(message);
    }

    /** The template function; jinjava calls it by reflection. */
    @SuppressWarnings("DoNotCallSuggester") // only templates call it, and a function must have a result
    public static String raise(String message) {
        throw new TemplateRefusal(message);
    }
}
