package io.millrace.trainer.job;

import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.trainer.train.Train;
import io.millrace.trainer.worker.Answers;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/** How a job waits. */
public final class Waits {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final long AGAIN_MILLIS = 200;

    private Waits() {}

    /** @throws MillraceException {@code not_ready}, or what the worker failed with */
    public static boolean answer(CompletableFuture<Boolean> answer) {
        return Answers.of(answer, PATIENCE);
    }

    /** A moment, before asking again. @throws Train.CancelledException once the job was cancelled */
    public static void pause(Job.Watch watch) {
        if (watch.cancelled()) {
            throw new Train.CancelledException();
        }
        moment();
    }

    public static void moment() {
        try {
            Thread.sleep(AGAIN_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new MillraceException(ErrorCode.TIMED_OUT, "interrupted", e);
        }
    }
}
