package io.millrace.trainer.proof;

import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.trainer.job.Job;
import io.millrace.trainer.train.Train;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** How a job waits for the worker. */
final class Waits {
    private static final long PATIENCE_SECONDS = 30;
    private static final long AGAIN_MILLIS = 200;

    private Waits() {}

    /** @throws MillraceException {@code not_ready}, or what the worker failed with */
    static boolean answer(CompletableFuture<Boolean> answer) {
        try {
            return answer.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            throw new MillraceException(ErrorCode.NOT_READY, "the trainer's worker isn't ready", e);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof MillraceException known
                    ? known
                    : new MillraceException(ErrorCode.INTERNAL, e.getCause().toString(), e);
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    /** A moment, before asking again. @throws Train.CancelledException once the job was cancelled */
    static void pause(Job.Watch watch) {
        if (watch.cancelled()) {
            throw new Train.CancelledException();
        }
        try {
            Thread.sleep(AGAIN_MILLIS);
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    private static MillraceException interrupted(InterruptedException e) {
        Thread.currentThread().interrupt();
        return new MillraceException(ErrorCode.TIMED_OUT, "interrupted", e);
    }
}
