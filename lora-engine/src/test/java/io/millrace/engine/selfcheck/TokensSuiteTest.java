package io.millrace.engine.selfcheck;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.engine.base.BaseCatalogue;
import io.millrace.engine.base.BaseStore;
import io.millrace.engine.base.PulledBases;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Runs on the real base where it has been pulled, and says so where it hasn't. */
class TokensSuiteTest {
    private static final Path GOLDEN = Path.of("src/test/resources/golden");

    @TestFactory
    Stream<DynamicTest> goldenCases() {
        Path bases = Optional.ofNullable(System.getenv("MILLRACE_BASE_DIR"))
                .map(Path::of)
                .orElse(Path.of(System.getProperty("user.home"), ".millrace", "bases"));
        PulledBases pulled = new PulledBases(new BaseStore(bases), BaseCatalogue.standard());
        return new TokensSuite(pulled::open)
                .cases(GOLDEN).stream().map(c -> DynamicTest.dynamicTest(c.name(), () -> Nf4SuiteTest.check(c)));
    }

    @Test
    void withoutTheRealBaseEveryCaseSaysHowToGetIt() {
        assertThat(new TokensSuite(GoldenBases.none()).cases(GOLDEN)).hasSize(4).allSatisfy(c -> assertThat(c.run())
                .isInstanceOfSatisfying(GoldenCase.Outcome.Skipped.class, skipped -> assertThat(skipped.reason())
                        .contains("millrace base pull smollm2-135m-instruct")));
    }
}
