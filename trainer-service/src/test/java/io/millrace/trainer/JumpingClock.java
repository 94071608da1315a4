package io.millrace.trainer;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.function.Supplier;

/** The system's clock, set to another time now and then. */
public final class JumpingClock {
    private JumpingClock() {}

    /** @param ahead how far, now */
    public static Clock of(Supplier<Duration> ahead) {
        InstantSource source = () -> Instant.now().plus(ahead.get());
        return source.withZone(ZoneOffset.UTC);
    }
}
