package io.millrace.standalone.client;

import com.fasterxml.jackson.databind.JsonNode;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import java.time.Duration;
import java.util.Map;

/** Work that the trainer was asked for ({@code /api/v1/trainer/jobs}). */
public final class TrainerJob {
    private static final String JOBS = "/api/v1/trainer/jobs";
    private static final Duration POLL = Duration.ofMillis(300);

    private final ServerClient server;
    private final String id;

    /** Told how far the job is. */
    public interface Listener {
        void progress(long done, long of, String note);
    }

    private TrainerJob(ServerClient server, String id) {
        this.server = server;
        this.id = id;
    }

    public static TrainerJob start(ServerClient server, Map<String, Object> request) {
        return new TrainerJob(server, server.post(JOBS, request).path("id").asText());
    }

    /**
     * Waits until it has ended.
     *
     * @return its result
     * @throws MillraceException why it failed
     */
    public JsonNode await(Listener listener) {
        while (true) {
            JsonNode job = server.get(JOBS + "/" + id);
            listener.progress(
                    job.path("done").asLong(),
                    job.path("of").asLong(),
                    job.path("note").asText());
            switch (job.path("state").asText()) {
                case "DONE" -> {
                    return job.path("result");
                }
                case "FAILED" ->
                    throw new MillraceException(
                            ErrorCode.of(job.path("error").path("code").asText())
                                    .orElse(ErrorCode.INTERNAL),
                            job.path("error").path("message").asText());
                case "CANCELLED" ->
                    throw new MillraceException(
                            ErrorCode.TIMED_OUT,
                            "the job " + id + " was cancelled, or its trainer stopped; start it again");
                default -> pause();
            }
        }
    }

    private static void pause() {
        try {
            Thread.sleep(POLL.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new MillraceException(ErrorCode.TIMED_OUT, "interrupted", e);
        }
    }
}
