package io.millrace.engine.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.millrace.core.MillraceException;
import io.millrace.engine.train.LearningRateSchedule.Shape;
import org.junit.jupiter.api.Test;

class LearningRateScheduleTest {
    @Test
    void warmsUpInAStraightLineThenStays() {
        LearningRateSchedule schedule = LearningRateSchedule.constant(2e-3, 4);
        assertThat(new double[] {schedule.at(0), schedule.at(3), schedule.at(4), schedule.at(1_000_000)})
                .containsExactly(new double[] {5e-4, 2e-3, 2e-3, 2e-3}, within(1e-12));
        assertThat(LearningRateSchedule.constant(1e-3, 0).at(0)).isEqualTo(1e-3);
    }

    @Test
    void linearAndCosineFallToZero() {
        LearningRateSchedule linear = new LearningRateSchedule(Shape.LINEAR, 1, 2, 12);
        assertThat(linear.at(2)).isEqualTo(1);
        assertThat(linear.at(7)).isCloseTo(0.5, within(1e-12));
        assertThat(linear.at(12)).isZero();
        LearningRateSchedule cosine = new LearningRateSchedule(Shape.COSINE, 2e-3, 4, 15);
        assertThat(cosine.at(5)).isCloseTo(0.0019594929736144974, within(1e-12));
        assertThat(cosine.at(14)).isCloseTo(4.050702638550263e-05, within(1e-12));
        assertThat(cosine.at(40)).isCloseTo(0, within(1e-18));
    }

    @Test
    void settingsThatMakeNoSenseAreRefused() {
        assertThatThrownBy(() -> LearningRateSchedule.constant(0, 0)).isInstanceOf(MillraceException.class);
        assertThatThrownBy(() -> LearningRateSchedule.constant(1e-3, -1)).isInstanceOf(MillraceException.class);
        assertThatThrownBy(() -> new LearningRateSchedule(Shape.LINEAR, 1e-3, 5, 5))
                .isInstanceOf(MillraceException.class)
                .hasMessageContaining("warm-up");
    }
}
