package io.millrace.store;

import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * How often and how long to try again. The wait before try n is drawn from [half, whole] of
 * {@code firstDelay * 2^(n-1)}, at most {@code maxDelay}.
 *
 * @param attempts all tries together
 */
public record RetryPolicy(int attempts, Duration firstDelay, Duration maxDelay) {
    public RetryPolicy {
        if (attempts < 1 || firstDelay.isNegative() || maxDelay.compareTo(firstDelay) < 0) {
            throw new IllegalArgumentException(
                    "no retry policy: " + attempts + " attempts, " + firstDelay + " to " + maxDelay);
        }
    }

    /** Five tries within about four seconds of waiting. */
    public static RetryPolicy defaults() {
        return new RetryPolicy(5, Duration.ofMillis(200), Duration.ofSeconds(2));
    }

    /** @param failed number of tries that failed so far, from 1 */
    Duration delayAfter(int failed, RandomGenerator jitter) {
        long max = maxDelay.toMillis();
        long whole = Math.min(max, firstDelay.toMillis() << Math.min(failed - 1, 20));
        return Duration.ofMillis(whole / 2 + jitter.nextLong(whole / 2 + 1));
    }
}
