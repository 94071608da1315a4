package io.millrace.vector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TeamTest {
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 5})
    void everyChunkRunsOnceAndHasEnded(int threads) {
        try (Team team = new Team(threads)) {
            for (int step = 0; step < 200; step++) {
                team.begin();
                for (int count : new int[] {1, 2, 3, 16, 100}) {
                    AtomicIntegerArray runs = new AtomicIntegerArray(count);
                    team.run(count, runs::incrementAndGet);
                    for (int i = 0; i < count; i++) {
                        assertThat(runs.get(i)).isOne();
                    }
                }
                team.end();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void aChunkThatFailsFailsTheWork(int threads) {
        try (Team team = new Team(threads)) {
            team.begin();
            assertThatThrownBy(() -> team.run(20, chunk -> {
                        if (chunk == 13) {
                            throw new ArithmeticException("13");
                        }
                    }))
                    .hasStackTraceContaining("ArithmeticException: 13");
            team.run(4, chunk -> {});
            team.end();
        }
    }
}
