package io.millrace.trainer.worker;

import java.time.Clock;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;

/** Goes on at the pace of the machine's timer, whatever the system's clock is set to meanwhile: what waits is timed by it. */
final class SteadyClock extends Clock {
    private final Instant start;
    private final long startNanos = System.nanoTime();

    SteadyClock(Instant start) {
        this.start = start;
    }

    @Override
    public Instant instant() {
        return start.plusNanos(System.nanoTime() - startNanos);
    }

    @Override
    public ZoneId getZone() {
        return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
        throw new UnsupportedOperationException("only instants are asked for");
    }
}
