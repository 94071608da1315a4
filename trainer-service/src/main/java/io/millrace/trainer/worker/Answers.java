package io.millrace.trainer.worker;

import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Waits for what the worker says on its own thread. */
public final class Answers {
    private Answers() {}

    /**
     * The answer, once it is there.
     *
     * @throws MillraceException {@code not_ready} where it doesn't come in time; what the worker failed with
     */
    public static <T> T of(CompletableFuture<T> answer, Duration patience) {
        try {
            return answer.get(patience.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            throw new MillraceException(ErrorCode.NOT_READY, "the trainer's worker isn't ready; ask again", e);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof MillraceException known
                    ? known
                    : new MillraceException(ErrorCode.INTERNAL, e.getCause().toString(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new MillraceException(ErrorCode.TIMED_OUT, "interrupted", e);
        }
    }
}
