package io.millrace.engine.selfcheck;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

class ChatSuiteTest {
    private static final Path GOLDEN = Path.of("src/test/resources/golden");

    @TestFactory
    Stream<DynamicTest> goldenCases() {
        return new ChatSuite()
                .cases(GOLDEN).stream().map(c -> DynamicTest.dynamicTest(c.name(), () -> Nf4SuiteTest.check(c)));
    }

    @Test
    void theTemplatesOfTheBasesHereAreRendered() {
        // Given the cases of chatml and of the default base
        Stream<GoldenCase> cases = new ChatSuite()
                .cases(GOLDEN).stream()
                        .filter(c ->
                                c.name().startsWith("chat/chatml") || c.name().startsWith("chat/smollm2"));

        // When they run, then none is skipped
        assertThat(cases).hasSize(32).allSatisfy(c -> assertThat(c.run())
                .isInstanceOf(GoldenCase.Outcome.Measured.class));
    }

    @Test
    void aDirectoryWithoutThemHasNoCases(@TempDir Path empty) {
        assertThat(new ChatSuite().cases(empty)).isEmpty();
    }
}
