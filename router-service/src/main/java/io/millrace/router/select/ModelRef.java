package io.millrace.router.select;

import io.millrace.core.AdapterName;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What a request's {@code model} names. */
public sealed interface ModelRef {
    /** The router decides. */
    record Auto() implements ModelRef {}

    /** The base alone. */
    record BaseAlone() implements ModelRef {}

    /** @param revision alias, {@code latest}, {@code main}, {@code vN} or 40 hex; empty: the champion */
    record Adapter(AdapterName name, Optional<String> revision) implements ModelRef {}

    record Recipe(AdapterName name) implements ModelRef {}

    Pattern PINNED = Pattern.compile("(.+)\\.(v[0-9]+)");
    String RECIPE_PREFIX = "recipe:";

    /**
     * {@code auto}, {@code base}, {@code ns/name}, {@code ns/name@revision}, {@code ns/name.vN} or {@code recipe:ns/name}.
     *
     * @throws MillraceException {@code unknown_model} for any other text
     */
    static ModelRef parse(String model) {
        if (model.equals("auto")) {
            return new Auto();
        }
        if (model.equals("base")) {
            return new BaseAlone();
        }
        if (model.startsWith(RECIPE_PREFIX)) {
            return new Recipe(name(model.substring(RECIPE_PREFIX.length()), model));
        }
        return adapter(model);
    }

    /** As {@link #parse}, where only an adapter can stand. */
    static Adapter adapter(String model) {
        int at = model.indexOf('@');
        if (at >= 0) {
            return new Adapter(name(model.substring(0, at), model), Optional.of(model.substring(at + 1)));
        }
        Matcher pinned = PINNED.matcher(model);
        return pinned.matches()
                ? new Adapter(name(pinned.group(1), model), Optional.of(pinned.group(2)))
                : new Adapter(name(model, model), Optional.empty());
    }

    private static AdapterName name(String text, String model) {
        try {
            return AdapterName.parse(text);
        } catch (MillraceException e) {
            throw new MillraceException(
                    ErrorCode.UNKNOWN_MODEL,
                    "no model is called '" + model
                            + "'; use auto, base, namespace/name, namespace/name@revision or recipe:namespace/name",
                    e);
        }
    }
}
