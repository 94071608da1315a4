package io.millrace.engine.selfcheck;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.engine.base.BaseCatalogue;
import io.millrace.engine.base.BaseStore;
import io.millrace.engine.base.PulledBases;
import io.millrace.engine.torch.TorchRuntime;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Runs on the real base where it has been pulled, and says so where it hasn't. */
class RealBaseSuitesTest {
    private static final Path GOLDEN = Path.of("src/test/resources/golden");

    private final TorchRuntime torch = TorchRuntime.start("cpu", 1);

    @TestFactory
    Stream<DynamicTest> goldenCases() {
        Path bases = Optional.ofNullable(System.getenv("MILLRACE_BASE_DIR"))
                .map(Path::of)
                .orElse(Path.of(System.getProperty("user.home"), ".millrace", "bases"));
        PulledBases pulled = new PulledBases(new BaseStore(bases), BaseCatalogue.standard());
        return cases(pulled::open).map(c -> DynamicTest.dynamicTest(c.name(), () -> Nf4SuiteTest.check(c)));
    }

    @Test
    void withoutTheRealBaseEveryCaseSaysHowToGetIt() {
        assertThat(cases(GoldenBases.none())).hasSize(10).allSatisfy(c -> assertThat(c.run())
                .isInstanceOfSatisfying(GoldenCase.Outcome.Skipped.class, skipped -> assertThat(skipped.reason())
                        .contains("millrace base pull smollm2-135m-instruct")));
    }

    private Stream<GoldenCase> cases(GoldenBases bases) {
        return Stream.of(new TokensSuite(bases), new Smollm2Suite(torch, bases))
                .flatMap(suite -> suite.cases(GOLDEN).stream());
    }
}
