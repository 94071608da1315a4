package io.millrace.engine.selfcheck;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;

/** Runs every golden case and says how each ended. */
public final class SelfCheck {
    private final List<GoldenSuite> suites;

    public SelfCheck(List<GoldenSuite> suites) {
        this.suites = List.copyOf(suites);
    }

    /** How many cases ended how. */
    public record Summary(int passed, int failed, int skipped) {
        public boolean ok() {
            return failed == 0 && passed > 0;
        }

        @Override
        public String toString() {
            return passed + " passed, " + failed + " failed, " + skipped + " skipped";
        }
    }

    /**
     * One line per case as it ends, {@code ok}, {@code FAIL} or {@code skipped}, name, measured error and bound; last line
     * {@code N passed, N failed, N skipped}.
     */
    public Summary run(Path goldenDirectory, Consumer<String> lines) {
        int passed = 0;
        int failed = 0;
        int skipped = 0;
        for (GoldenSuite suite : suites) {
            for (GoldenCase golden : suite.cases(goldenDirectory)) {
                GoldenCase.Outcome outcome = golden.run();
                lines.accept(line(golden.name(), outcome));
                if (outcome instanceof GoldenCase.Outcome.Skipped) {
                    skipped++;
                } else if (outcome instanceof GoldenCase.Outcome.Measured measured && measured.ok()) {
                    passed++;
                } else {
                    failed++;
                }
            }
        }
        Summary summary = new Summary(passed, failed, skipped);
        lines.accept(summary.toString());
        return summary;
    }

    private static String line(String name, GoldenCase.Outcome outcome) {
        if (outcome instanceof GoldenCase.Outcome.Skipped skipped) {
            return "skipped " + name + ": " + skipped.reason();
        }
        if (outcome instanceof GoldenCase.Outcome.Measured measured) {
            return String.format(
                    Locale.ROOT,
                    "%s %s error=%.3g bound=%.3g (%s)",
                    measured.ok() ? "ok" : "FAIL",
                    name,
                    measured.error(),
                    measured.bound(),
                    measured.detail());
        }
        return "FAIL " + name + ": " + ((GoldenCase.Outcome.Broken) outcome).reason();
    }
}
