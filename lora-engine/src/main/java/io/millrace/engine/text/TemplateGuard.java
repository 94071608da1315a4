package io.millrace.engine.text;

import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Refuses templates that use more of Jinja2 than is known to be rendered exactly. */
final class TemplateGuard {
    private static final Pattern UNKNOWN = Pattern.compile("\\.(lstrip|rstrip|split)\\(");

    private TemplateGuard() {}

    /** @throws MillraceException {@code unsupported_template} with the first thing that isn't known */
    static void check(String source) {
        if (source.isBlank()) {
            throw new MillraceException(ErrorCode.UNSUPPORTED_TEMPLATE, "the chat template is empty");
        }
        Matcher unknown = UNKNOWN.matcher(source);
        if (unknown.find()) {
            throw new MillraceException(
                    ErrorCode.UNSUPPORTED_TEMPLATE,
                    "the chat template uses " + unknown.group() + ", which isn't rendered");
        }
    }
}
