package io.millrace.trainer.job;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * Who computes next: live training at once, a job once live training has paused or the job has waited its patience out,
 * so that neither is starved. One step at a time.
 */
public final class DeviceTurns {
    private final Duration pause;
    private final Duration patience;
    private boolean busy;
    private int live;
    private long lastLive;

    /**
     * @param pause between the steps of a round that is no pause of training yet
     * @param patience of a job beside training that never pauses
     */
    public DeviceTurns(Duration pause, Duration patience) {
        this.pause = pause;
        this.patience = patience;
        this.lastLive = System.nanoTime() - pause.toNanos();
    }

    public static DeviceTurns defaults() {
        return new DeviceTurns(Duration.ofMillis(50), Duration.ofSeconds(2));
    }

    public <T> T live(Supplier<T> step) {
        synchronized (this) {
            live++;
            while (busy) {
                await(0);
            }
            busy = true;
        }
        try {
            return step.get();
        } finally {
            synchronized (this) {
                busy = false;
                live--;
                lastLive = System.nanoTime();
                notifyAll();
            }
        }
    }

    public <T> T background(Supplier<T> step) {
        synchronized (this) {
            long until = System.nanoTime() + patience.toNanos();
            for (long wait = waitFor(until); busy || wait > 0; wait = waitFor(until)) {
                await(busy ? 0 : wait);
            }
            busy = true;
        }
        try {
            return step.get();
        } finally {
            synchronized (this) {
                busy = false;
                notifyAll();
            }
        }
    }

    /** Nanoseconds that a job should still leave to live training. */
    private long waitFor(long until) {
        long now = System.nanoTime();
        long patienceLeft = until - now;
        long pauseLeft = live > 0 ? patienceLeft : lastLive + pause.toNanos() - now;
        return Math.min(patienceLeft, pauseLeft);
    }

    @SuppressWarnings("WaitNotInLoop") // the callers look again
    private void await(long nanos) {
        try {
            if (nanos <= 0) {
                wait();
            } else {
                TimeUnit.NANOSECONDS.timedWait(this, Math.max(nanos, 1_000_000));
            }
        } catch (InterruptedException e) {
            // A step is short: whoever wants this thread gets it after the step.
            Thread.currentThread().interrupt();
        }
    }
}
