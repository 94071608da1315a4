package io.millrace.bench.chaos;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;

/** Several measurements of one thing. */
final class Durations {
    private final List<Duration> measured = new ArrayList<>();

    void add(Duration duration) {
        measured.add(duration);
    }

    Duration medianOr(Duration other) {
        if (measured.isEmpty()) {
            return other;
        }
        List<Duration> sorted = new ArrayList<>(measured);
        Collections.sort(sorted);
        return sorted.get(sorted.size() / 2);
    }

    /** In seconds. */
    Map<String, Object> figures() {
        return measured.isEmpty()
                ? Map.of("samples", 0)
                : Map.of(
                        "median",
                        seconds(medianOr(Duration.ZERO)),
                        "worst",
                        seconds(Collections.max(measured)),
                        "samples",
                        measured.size());
    }

    private static double seconds(Duration duration) {
        return Math.round(duration.toMillis() / 100.0) / 10.0;
    }
}
