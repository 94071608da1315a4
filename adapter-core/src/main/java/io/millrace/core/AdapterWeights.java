package io.millrace.core;

import java.util.Collections;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The weights of one adapter version on the Java side.
 *
 * @param modules by full module path, as {@code model.layers.0.self_attn.q_proj}
 */
public record AdapterWeights(LoraConfig config, SortedMap<String, LoraPair> modules) {
    public AdapterWeights {
        modules = Collections.unmodifiableSortedMap(new TreeMap<>(modules));
    }

    public static AdapterWeights of(LoraConfig config, Map<String, LoraPair> modules) {
        return new AdapterWeights(config, new TreeMap<>(modules));
    }

    /** Bytes that the float32 matrices take. */
    public long sizeBytes() {
        return modules.values().stream()
                .mapToLong(p -> 4L * (p.a().length + p.b().length))
                .sum();
    }
}
