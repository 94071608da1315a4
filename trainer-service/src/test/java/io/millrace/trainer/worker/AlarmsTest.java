package io.millrace.trainer.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.core.AdapterName;
import io.millrace.core.ErrorCode;
import io.millrace.proto.internal.Hyperparameters;
import io.millrace.proto.internal.PlannedRecord;
import io.millrace.proto.internal.PlannedRecord.Disposition;
import io.millrace.proto.internal.RoundAbandoned;
import io.millrace.proto.internal.RoundCommitted;
import io.millrace.proto.internal.RoundPlanned;
import io.millrace.trainer.worker.Alarms.Alarm;
import java.util.Map;
import org.junit.jupiter.api.Test;

class AlarmsTest {
    private static final AdapterName ADAPTER = AdapterName.parse("acme/a");

    private final Alarms alarms = new Alarms();

    private static RoundPlanned plan(double rate, boolean... truncated) {
        RoundPlanned.Builder plan = RoundPlanned.newBuilder()
                .setHyperparameters(Hyperparameters.newBuilder().setLearningRate(rate));
        for (boolean cut : truncated) {
            plan.addRecords(
                    PlannedRecord.newBuilder().setDisposition(Disposition.FRESH).setTruncated(cut));
        }
        return plan.build();
    }

    private static RoundCommitted round(double norm) {
        return RoundCommitted.newBuilder()
                .addGradNorms(norm / 2)
                .addGradNorms(norm)
                .build();
    }

    @Test
    void mostlyTruncatedSequencesRaiseAndLowerTheirAlarmOnce() {
        assertThat(alarms.planned(ADAPTER, plan(1e-3, true, true, false)))
                .containsExactly(Map.entry(Alarm.MOSTLY_TRUNCATED, true));
        assertThat(alarms.planned(ADAPTER, plan(1e-3, true, true, false)))
                .as("said once")
                .isEmpty();
        assertThat(alarms.of(ADAPTER)).containsExactly("mostly_truncated");
        assertThat(alarms.planned(ADAPTER, plan(1e-3, true, false)))
                .containsExactly(Map.entry(Alarm.MOSTLY_TRUNCATED, false));
        assertThat(alarms.of(ADAPTER)).isEmpty();
    }

    @Test
    void learningRatesOutsideTheUsualBoundsRaise() {
        assertThat(alarms.planned(ADAPTER, plan(2e-3, false))).isEmpty();
        assertThat(alarms.planned(ADAPTER, plan(0.1, false))).containsEntry(Alarm.LEARNING_RATE_UNUSUAL, true);
        assertThat(alarms.planned(ADAPTER, plan(1e-6, false))).isEmpty();
        assertThat(alarms.planned(ADAPTER, plan(1e-4, false))).containsEntry(Alarm.LEARNING_RATE_UNUSUAL, false);
    }

    @Test
    void aRoundOfMaskedExamplesRaises() {
        RoundPlanned masked = RoundPlanned.newBuilder()
                .addRecords(PlannedRecord.newBuilder()
                        .setDisposition(Disposition.REJECTED)
                        .setCode(ErrorCode.NO_TRAINABLE_TOKENS.code()))
                .build();
        assertThat(alarms.planned(ADAPTER, masked)).containsEntry(Alarm.NOTHING_LABELLED, true);
        assertThat(alarms.planned(ADAPTER, plan(1e-3, false))).containsEntry(Alarm.NOTHING_LABELLED, false);
    }

    @Test
    void anExplodingGradientRaisesOnceTheUsualOneIsKnown() {
        for (int i = 0; i < 5; i++) {
            assertThat(alarms.committed(ADAPTER, round(i == 0 ? 50 : 1))).isEmpty();
        }
        for (int i = 0; i < 20; i++) {
            alarms.committed(ADAPTER, round(1));
        }
        assertThat(alarms.committed(ADAPTER, round(9))).isEmpty();
        assertThat(alarms.committed(ADAPTER, round(200))).containsEntry(Alarm.GRADIENT_EXPLODES, true);
        assertThat(alarms.committed(ADAPTER, round(1))).containsEntry(Alarm.GRADIENT_EXPLODES, false);
    }

    @Test
    void aRoundWithoutAFiniteLossRaisesUntilTheNextCommit() {
        assertThat(alarms.abandoned(
                        ADAPTER,
                        RoundAbandoned.newBuilder()
                                .setCode(ErrorCode.TRAINING_FAILED.code())
                                .build()))
                .isEmpty();
        assertThat(alarms.abandoned(
                        ADAPTER,
                        RoundAbandoned.newBuilder()
                                .setCode(ErrorCode.NON_FINITE.code())
                                .build()))
                .containsEntry(Alarm.LOSS_NOT_FINITE, true);
        assertThat(alarms.committed(ADAPTER, round(1))).containsEntry(Alarm.LOSS_NOT_FINITE, false);
    }
}
