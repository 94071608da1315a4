package io.millrace.trainer.worker;

import java.time.Duration;

/**
 * How a worker works; none of it changes what a round computes.
 *
 * @param workerId stable over restarts and unique among the workers of a system: its membership and transactions go by it
 * @param checkpointEveryRounds a head is stored after this many rounds …
 * @param checkpointMinInterval … but not more often than this
 * @param residentAdapters adapters in device memory at most
 * @param residentIdle an adapter leaves the device after this long without a round
 * @param hostBytes copies of adapters' states off the device, in temporary files, at most
 * @param minHeldOut the gate passes a candidate that fewer held-out examples than this could judge
 * @param bufferedBytes of waiting examples in memory; beyond it nothing more is read
 */
public record WorkerSettings(
        String workerId,
        int checkpointEveryRounds,
        Duration checkpointMinInterval,
        int residentAdapters,
        Duration residentIdle,
        long hostBytes,
        int minHeldOut,
        long bufferedBytes) {

    public static WorkerSettings defaults(String workerId) {
        return new WorkerSettings(
                workerId, 10, Duration.ofSeconds(60), 8, Duration.ofSeconds(60), 1L << 30, 30, 64L << 20);
    }
}
