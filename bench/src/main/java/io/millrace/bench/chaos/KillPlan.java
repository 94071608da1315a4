package io.millrace.bench.chaos;

import java.time.Duration;
import java.util.SplittableRandom;

/** When each life of the system ends: what it is to be in the middle of, and how long after that began. */
record KillPlan(long seed) {

    /** What a life is in when it is killed. */
    enum Phase {
        /** The process has begun; the span is that of a whole start. */
        STARTING,
        /** Its Kafka answers: journals are read, planned rounds found. */
        RECOVERING(Duration.ofSeconds(4)),
        /** It serves, and has a backlog to train. */
        TRAINING(Duration.ofSeconds(4)),
        /** A version was asked for. */
        PUBLISHING(Duration.ofMillis(1_500)),
        /** Everything that waited at its start has an outcome. */
        CAUGHT_UP(Duration.ofSeconds(6));

        private final Duration span;

        Phase() {
            this(Duration.ZERO);
        }

        Phase(Duration span) {
            this.span = span;
        }
    }

    /** @param delay after the phase has begun */
    record Kill(Phase phase, Duration delay, int adapter) {}

    /** @param usualStart how long a start has taken so far */
    Kill kill(int life, Duration usualStart, int adapters) {
        SplittableRandom random = new SplittableRandom(seed * 31 + life);
        // Each phase comes once in five lives, in an order of its own.
        int[] order = {0, 1, 2, 3, 4};
        SplittableRandom shuffle = new SplittableRandom(seed * 37 + life / order.length);
        for (int i = order.length - 1; i > 0; i--) {
            int j = shuffle.nextInt(i + 1);
            int moved = order[i];
            order[i] = order[j];
            order[j] = moved;
        }
        Phase phase = Phase.values()[order[life % order.length]];
        Duration span = phase == Phase.STARTING ? usualStart : phase.span;
        return new Kill(phase, Duration.ofNanos(random.nextLong(span.toNanos())), random.nextInt(adapters));
    }
}
