package io.millrace.engine.selfcheck;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.engine.torch.TorchRuntime;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class TorchSuitesTest {
    private static final Path GOLDEN = Path.of("src/test/resources/golden");

    private final TorchRuntime torch = TorchRuntime.start("cpu", 1);

    @TestFactory
    Stream<DynamicTest> logits() {
        return tests(new LogitsSuite(torch), 4);
    }

    @TestFactory
    Stream<DynamicTest> train() {
        return tests(new TrainSuite(torch, GoldenBases.none()), 20);
    }

    @TestFactory
    Stream<DynamicTest> compose() {
        return tests(new ComposeSuite(torch), 14);
    }

    @TestFactory
    Stream<DynamicTest> decode() {
        return tests(new DecodeSuite(torch), 9);
    }

    @Test
    void theWholeCheckHasEveryKindOfCaseAndSaysWhyItSkipsOne() {
        List<String> lines = new ArrayList<>();

        SelfCheck.Summary summary = SelfCheck.of(torch, GoldenBases.none()).run(GOLDEN, lines::add);

        assertThat(lines).noneMatch(line -> line.startsWith("FAIL"));
        assertThat(summary.ok()).isTrue();
        for (String kind : List.of("bnb", "nf4/", "logits/", "train/", "compose/", "decode/", "chat/", "metrics/")) {
            assertThat(lines).anyMatch(line -> line.startsWith("ok " + kind));
        }
        for (String kind : List.of("nf4/normal_64x64.f32.fp4", "smollm2/tokens", "smollm2/nf4 nll")) {
            assertThat(lines).anyMatch(line -> line.startsWith("skipped " + kind));
        }
    }

    @Test
    void aDirectoryThatCannotBeReadIsAFailedCaseAndTheOthersStillRun() {
        GoldenSuite unreadable = directory -> {
            throw new IllegalStateException("no list");
        };
        GoldenSuite good = directory ->
                List.of(new Check("a/good", () -> new GoldenCase.Outcome.Measured(0, 0, "largest difference")));

        SelfCheck.Summary summary = new SelfCheck(List.of(unreadable, good)).run(GOLDEN, line -> {});

        assertThat(summary).isEqualTo(new SelfCheck.Summary(1, 1, 0));
    }

    @Test
    void aSelfCheckSaysHowEachCaseEnded() {
        GoldenSuite suite = directory -> List.of(
                new Check("a/good", () -> new GoldenCase.Outcome.Measured(1e-5, 1e-4, "largest difference")),
                new Check("b/bad", () -> new GoldenCase.Outcome.Measured(2, 1, "largest difference")),
                Check.skipped("c/later", "not yet"),
                new Check("d/nan", () -> new GoldenCase.Outcome.Measured(Double.NaN, 1, "largest difference")),
                new Check("e/broken", () -> {
                    throw new IllegalStateException("no file");
                }));
        List<String> lines = new ArrayList<>();

        SelfCheck.Summary summary = new SelfCheck(List.of(suite)).run(GOLDEN, lines::add);

        assertThat(lines)
                .containsExactly(
                        "ok a/good error=1.00e-05 bound=0.000100 (largest difference)",
                        "FAIL b/bad error=2.00 bound=1.00 (largest difference)",
                        "skipped c/later: not yet",
                        "FAIL d/nan error=NaN bound=1.00 (largest difference)",
                        "FAIL e/broken: java.lang.IllegalStateException: no file",
                        "1 passed, 3 failed, 1 skipped");
        assertThat(summary.ok()).isFalse();
    }

    private static Stream<DynamicTest> tests(GoldenSuite suite, int atLeast) {
        List<GoldenCase> cases = suite.cases(GOLDEN);
        assertThat(cases).hasSizeGreaterThanOrEqualTo(atLeast);
        return cases.stream().map(c -> DynamicTest.dynamicTest(c.name(), () -> Nf4SuiteTest.check(c)));
    }
}
