package io.millrace.engine.metrics;

import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** White space as Python's {@code str.split()} knows it. */
final class Whitespace {
    private static final Pattern SPACES = Pattern.compile("[\\s\\x1c-\\x1f]+", Pattern.UNICODE_CHARACTER_CLASS);

    private Whitespace() {}

    /** The parts between white space; none of them is empty. */
    static List<String> split(String text) {
        return Stream.of(SPACES.split(text)).filter(part -> !part.isEmpty()).toList();
    }
}
