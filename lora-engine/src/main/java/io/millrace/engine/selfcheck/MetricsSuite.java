package io.millrace.engine.selfcheck;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Scores of generated texts: {@code metrics/cases.json}. The engine computes none yet, and each of them says so. */
public final class MetricsSuite implements GoldenSuite {
    private static final List<String> METRICS = List.of("BLEU", "chrF", "ROUGE");

    @Override
    public List<GoldenCase> cases(Path goldenDirectory) {
        if (!Files.exists(goldenDirectory.resolve("metrics").resolve("cases.json"))) {
            return List.of();
        }
        return METRICS.stream()
                .<GoldenCase>map(name -> Check.skipped("metrics/" + name, name + " isn't computed yet"))
                .toList();
    }
}
