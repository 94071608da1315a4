package io.millrace.trainer.worker;

import java.time.Clock;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;

/** Goes on at the pace of the machine's timer, whatever the system's clock is set to meanwhile: what waits is timed by it. */
final class SteadyClock {
    private SteadyClock() {}

    static Clock from(Instant start) {
        long startNanos = System.nanoTime();
        InstantSource source = () -> start.plusNanos(System.nanoTime() - startNanos);
        return source.withZone(ZoneOffset.UTC);
    }
}
