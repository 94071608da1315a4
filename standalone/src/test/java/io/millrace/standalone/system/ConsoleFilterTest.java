package io.millrace.standalone.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.logging.Level;
import java.util.logging.LogRecord;
import org.junit.jupiter.api.Test;

class ConsoleFilterTest {
    private static final String COORDINATOR = "org.apache.kafka.coordinator.common.runtime.CoordinatorRuntime";
    private static final String FAILED =
            "[GroupCoordinator id=1] Failed to load metadata from __consumer_offsets-3 with "
                    + "epoch 0 due to org.apache.kafka.common.errors.";

    private static boolean shown(String logger, String message) {
        LogRecord logged = new LogRecord(Level.SEVERE, message);
        logged.setLoggerName(logger);
        return new ConsoleFilter().isLoggable(logged);
    }

    @Test
    void onlyALoadThatANewEpochEndsIsKeptFromTheConsole() {
        String passing =
                FAILED + "NotLeaderOrFollowerException: Stopped loading records from __consumer_offsets-3 because "
                        + "the partition is not online or is no longer the leader.";

        assertThat(shown(COORDINATOR, passing)).isFalse();
        assertThat(shown(COORDINATOR, FAILED + "CorruptRecordException: broken"))
                .isTrue();
        assertThat(shown("io.millrace.trainer.worker.Progress", passing)).isTrue();
        assertThat(shown(COORDINATOR, null)).isTrue();
    }
}
