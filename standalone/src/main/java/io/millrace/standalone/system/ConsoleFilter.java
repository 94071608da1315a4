package io.millrace.standalone.system;

import io.quarkus.logging.LoggingFilter;
import java.util.logging.Filter;
import java.util.logging.LogRecord;

/**
 * Keeps from the console what passes by itself, where a level can't tell it from what needs a person. The log file has all.
 */
@LoggingFilter(name = "passing")
public final class ConsoleFilter implements Filter {
    private static final String COORDINATOR = "org.apache.kafka.coordinator.common.runtime.CoordinatorRuntime";

    /** A broker that restarts slowly becomes leader twice in a row, and so reads its groups anew; that ends the first read. */
    private static final String ANOTHER_EPOCH = "NotLeaderOrFollowerException: Stopped loading records";

    @Override
    public boolean isLoggable(LogRecord message) {
        return !(COORDINATOR.equals(message.getLoggerName())
                && message.getMessage() != null
                && message.getMessage().contains(ANOTHER_EPOCH));
    }
}
