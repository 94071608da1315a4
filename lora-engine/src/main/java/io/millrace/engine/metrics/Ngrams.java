package io.millrace.engine.metrics;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** How often each run of n tokens occurs. */
record Ngrams(Map<List<String>, Integer> counts, int total) {

    static Ngrams of(List<String> tokens, int n) {
        Map<List<String>, Integer> counts = new HashMap<>();
        int total = Math.max(0, tokens.size() - n + 1);
        for (int i = 0; i < total; i++) {
            counts.merge(List.copyOf(tokens.subList(i, i + n)), 1, Integer::sum);
        }
        return new Ngrams(counts, total);
    }

    /** How many runs both have, each as often as the one that has it less often. */
    int common(Ngrams other) {
        return counts.entrySet().stream()
                .mapToInt(entry -> Math.min(entry.getValue(), other.counts.getOrDefault(entry.getKey(), 0)))
                .sum();
    }
}
