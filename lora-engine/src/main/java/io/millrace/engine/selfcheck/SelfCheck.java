package io.millrace.engine.selfcheck;

import io.millrace.engine.torch.TorchRuntime;
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

    /** Everything that golden directories may hold. */
    public static SelfCheck of(TorchRuntime torch, GoldenBases bases) {
        return new SelfCheck(List.of(
                new DynamicMapSuite(),
                new Nf4Suite(),
                new LogitsSuite(torch),
                new TrainSuite(torch, bases),
                new ComposeSuite(torch),
                new DecodeSuite(torch),
                new TokensSuite(bases),
                new Smollm2Suite(torch, bases),
                new ChatSuite(),
                new MetricsSuite()));
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
            for (GoldenCase golden : cases(suite, goldenDirectory)) {
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

    /** A directory that can't even be listed is a failed case, and no reason to leave the others out. */
    private static List<GoldenCase> cases(GoldenSuite suite, Path goldenDirectory) {
        try {
            return suite.cases(goldenDirectory);
        } catch (RuntimeException e) {
            return List.of(new Check(suite.getClass().getSimpleName(), () -> {
                throw e;
            }));
        }
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
