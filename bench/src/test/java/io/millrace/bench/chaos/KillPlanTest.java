package io.millrace.bench.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class KillPlanTest {
    private static final Duration START = Duration.ofSeconds(8);

    @Test
    void everyFiveLivesDieOnceInEachPhase() {
        for (int five = 0; five < 10; five++) {
            assertThat(kills(new KillPlan(3), five * 5, five * 5 + 5))
                    .extracting(KillPlan.Kill::phase)
                    .containsExactlyInAnyOrder(KillPlan.Phase.values());
        }
    }

    @Test
    void theSeedDecidesTheMoments() {
        assertThat(kills(new KillPlan(3), 0, 20)).isEqualTo(kills(new KillPlan(3), 0, 20));
        assertThat(kills(new KillPlan(3), 0, 20)).isNotEqualTo(kills(new KillPlan(4), 0, 20));
    }

    private static List<KillPlan.Kill> kills(KillPlan plan, int from, int to) {
        return IntStream.range(from, to)
                .mapToObj(life -> plan.kill(life, START, 4))
                .toList();
    }
}
