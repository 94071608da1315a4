package io.millrace.engine.torch;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Source text of a module's methods, in the dialect of TorchScript archives: a method is
 * {@code def name(self, x: Tensor, n: int) -> Tensor:}, operators are {@code torch.name} or {@code ops.namespace.name}.
 * {@code ${name}} stands for a template parameter.
 *
 * @param text the methods, one after the other
 */
public record TorchSource(String text) {
    private static final Pattern PARAMETER = Pattern.compile("\\$\\{(\\w+)}");

    /** The source in the resource {@code name} beside the class {@code owner}. */
    public static TorchSource resource(Class<?> owner, String name) {
        try (InputStream in = owner.getResourceAsStream(name)) {
            if (in == null) {
                throw new IllegalArgumentException(name + " isn't beside " + owner.getName());
            }
            return new TorchSource(new String(in.readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Both sources' methods in one module, so that they can call each other. */
    public TorchSource and(TorchSource other) {
        return new TorchSource(text + "\n" + other.text);
    }

    /** @throws IllegalArgumentException where the text names a parameter that isn't given */
    public TorchSource with(Map<String, ?> parameters) {
        return new TorchSource(PARAMETER.matcher(text).replaceAll(match -> {
            Object value = parameters.get(match.group(1));
            if (value == null) {
                throw new IllegalArgumentException("no value for ${" + match.group(1) + "}");
            }
            return Matcher.quoteReplacement(value.toString());
        }));
    }
}
