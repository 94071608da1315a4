package io.millrace.engine.selfcheck;

import io.millrace.core.AdapterWeights;
import io.millrace.engine.compose.WeightedSum;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A mix of golden adapters, as {@code compose/expected.safetensors} names it: {@code base}, an adapter,
 * {@code x_minus_y} for x - 0.5 y, or parts with their percentages as {@code x50_y30}.
 *
 * @param parts none: the base alone
 */
record GoldenMix(List<WeightedSum.Part> parts) {
    private static final Pattern PART = Pattern.compile("(\\D+)(\\d+)");
    private static final double SUBTRACTED = 0.5;

    static GoldenMix named(Path compose, String name) {
        if (name.equals("base")) {
            return new GoldenMix(List.of());
        }
        if (Files.isDirectory(compose.resolve(name))) {
            return new GoldenMix(List.of(part(compose, name, 1)));
        }
        String[] difference = name.split("_minus_", 2);
        if (difference.length == 2) {
            return new GoldenMix(List.of(part(compose, difference[0], 1), part(compose, difference[1], -SUBTRACTED)));
        }
        return new GoldenMix(Stream.of(name.split("_", -1))
                .map(text -> {
                    Matcher part = PART.matcher(text);
                    if (!part.matches()) {
                        throw new IllegalArgumentException("'" + name + "' names no mix of the adapters here");
                    }
                    return part(compose, part.group(1), Integer.parseInt(part.group(2)) / 100.0);
                })
                .toList());
    }

    /** All parts as one adapter, empty for the base. */
    Optional<AdapterWeights> sum() {
        boolean plain = parts.size() == 1 && parts.get(0).weight() == 1;
        return parts.isEmpty()
                ? Optional.empty()
                : Optional.of(plain ? parts.get(0).adapter() : WeightedSum.of(parts));
    }

    private static WeightedSum.Part part(Path compose, String adapter, double weight) {
        return new WeightedSum.Part(GoldenFiles.adapter(compose.resolve(adapter)), weight);
    }
}
