package io.millrace.router.api;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.core.Problem;
import io.millrace.engine.decode.Generation;
import jakarta.ws.rs.core.StreamingOutput;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * An answer as server-sent events, each token as it comes. When the client is gone the generation is cancelled.
 */
final class TokenStream implements Generation.TokenListener {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** How often a waiting answer looks whether its client is still there. */
    static final Duration LOOK_AFTER_CLIENT = Duration.ofMillis(250);

    private final BlockingQueue<Event> events = new LinkedBlockingQueue<>();
    private final BooleanSupplier clientIsGone;

    TokenStream(BooleanSupplier clientIsGone) {
        this.clientIsGone = clientIsGone;
    }

    private sealed interface Event {
        record Token(Generation.Token token) implements Event {}

        record End(Generation.Result result) implements Event {}

        record Failure(Throwable error) implements Event {}
    }

    @Override
    public void onToken(Generation.Token token) {
        events.add(new Event.Token(token));
    }

    StreamingOutput output(Generation generation, AnswerFormat format) {
        var unused = generation
                .result()
                .whenComplete((result, error) ->
                        events.add(error == null ? new Event.End(result) : new Event.Failure(error)));
        return out -> {
            try {
                write(out, format);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new InterruptedIOException("the router is shutting down");
            } finally {
                generation.cancel(); // nothing happens where it has ended
            }
        };
    }

    private void write(OutputStream out, AnswerFormat format) throws IOException, InterruptedException {
        event(out, format.opening());
        while (true) {
            Event event = events.poll(LOOK_AFTER_CLIENT.toMillis(), TimeUnit.MILLISECONDS);
            if (clientIsGone.getAsBoolean()) {
                throw new IOException("the client hung up");
            }
            if (event instanceof Event.Token t) {
                event(out, format.token(t.token()));
            } else if (event instanceof Event.End end) {
                for (Map<String, Object> chunk : format.closing(end.result())) {
                    event(out, chunk);
                }
                // Not flushed: it leaves with the stream's end, so a client that stops reading here has nothing to
                // cancel. Under HTTP/2 that could close the connection, and fail the requests beside this one.
                data(out, "[DONE]".getBytes(StandardCharsets.UTF_8));
                return;
            } else if (event instanceof Event.Failure failure) {
                event(out, Map.of("error", problem(failure.error()).error()));
                return;
            }
        }
    }

    private static Problem problem(Throwable error) {
        Throwable cause = error.getCause() == null ? error : error.getCause();
        return cause instanceof MillraceException known
                ? Problem.of(known)
                : Problem.of(ErrorCode.INTERNAL, "generating failed: " + cause);
    }

    private static void event(OutputStream out, Object chunk) throws IOException {
        data(out, JSON.writeValueAsBytes(chunk));
        out.flush();
    }

    private static void data(OutputStream out, byte[] content) throws IOException {
        out.write("data: ".getBytes(StandardCharsets.UTF_8));
        out.write(content);
        out.write("\n\n".getBytes(StandardCharsets.UTF_8));
    }
}
