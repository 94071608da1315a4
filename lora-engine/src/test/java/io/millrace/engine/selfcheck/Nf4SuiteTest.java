package io.millrace.engine.selfcheck;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

class Nf4SuiteTest {
    private static final Path GOLDEN = Path.of("src/test/resources/golden");

    @TestFactory
    Stream<DynamicTest> goldenCases() {
        return new Nf4Suite().cases(GOLDEN).stream().map(c -> DynamicTest.dynamicTest(c.name(), () -> check(c)));
    }

    @Test
    void findsCases() {
        assertThat(new Nf4Suite().cases(GOLDEN)).hasSizeGreaterThan(50);
    }

    @Test
    void aDirectoryWithoutThemHasNoCases(@TempDir Path empty) {
        assertThat(new Nf4Suite().cases(empty)).isEmpty();
    }

    static void check(GoldenCase golden) {
        GoldenCase.Outcome outcome = golden.run();
        if (outcome instanceof GoldenCase.Outcome.Skipped skipped) {
            Assumptions.abort(skipped.reason());
        }
        assertThat(outcome)
                .isInstanceOfSatisfying(GoldenCase.Outcome.Measured.class, measured -> assertThat(measured.ok())
                        .as(measured.toString())
                        .isTrue());
    }
}
