package io.millrace.registry;

import java.time.Instant;

/**
 * A record of the log that changed something.
 *
 * @param name of what it changed
 * @param what in a line
 */
public record RegistryChange(long offset, Instant at, Kind kind, String name, String what) {

    /** What was changed. */
    public enum Kind {
        ADAPTER,
        RECIPE,
        BASE
    }
}
