package io.millrace.trainer.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class StepScheduleTest {
    private static final StepSchedule SCHEDULE = new StepSchedule(1e-3, 20, 0.3, 8, 0.9);

    @Test
    void theLearningRateRisesInALineAndStays() {
        assertThat(SCHEDULE.at(0).learningRate()).isEqualTo(1e-3 / 20, within(1e-12));
        assertThat(SCHEDULE.at(9).learningRate()).isEqualTo(1e-3 / 2, within(1e-12));
        assertThat(SCHEDULE.at(19).learningRate()).isEqualTo(1e-3);
        assertThat(SCHEDULE.at(10_000).learningRate()).isEqualTo(1e-3);
    }

    @Test
    void theAveragesWindowGrowsWithTheStepsSinceTheRise() {
        // Given the weights of step n, what part has the newest of them?
        assertThat(newest(0)).as("the first step after idleness shows").isEqualTo(9 / 11.0, within(1e-12));
        assertThat(newest(8)).isEqualTo(9 / 19.0, within(1e-12));
        assertThat(newest(61)).isEqualTo(9 / 72.0, within(1e-12));
        assertThat(newest(79)).as("from here on the setting decides").isEqualTo(0.1, within(1e-12));
        assertThat(newest(10_000)).isEqualTo(0.1, within(1e-12));
    }

    private static double newest(long step) {
        return 1 - SCHEDULE.at(step).averageDecay().orElseThrow();
    }

    @Test
    void noAverageIsKeptWhereItIsOff() {
        assertThat(new StepSchedule(1e-3, 20, 0.3, 8, 0).at(5).averageDecay()).isEmpty();
    }
}
