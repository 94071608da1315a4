package io.millrace.router.api;

import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.engine.decode.Generation;
import io.millrace.router.Answers;
import io.smallrye.common.annotation.Blocking;
import io.vertx.ext.web.RoutingContext;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.time.Clock;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;

/** Chat and text completions, whole or streamed. */
@Path("/v1")
@Tag(name = "router")
@Blocking
public final class CompletionsResource {
    static final String ADAPTERS_HEADER = "X-Millrace-Adapters";

    private final Answers answers;
    private final RequestReader reader;

    public CompletionsResource(Answers answers, RequestReader reader) {
        this.answers = answers;
        this.reader = reader;
    }

    @POST
    @Path("/chat/completions")
    @Consumes(MediaType.WILDCARD)
    @Operation(summary = "OpenAI's chat completions; model: auto, base, ns/name[@revision] or recipe:ns/name")
    public Response chat(byte[] body, @Context RoutingContext connection) {
        return answer(reader.chat(body), connection, AnswerFormat.Chat::new);
    }

    @POST
    @Path("/completions")
    @Consumes(MediaType.WILDCARD)
    @Operation(summary = "OpenAI's text completions; the prompt is continued as it is, without a chat template")
    public Response complete(byte[] body, @Context RoutingContext connection) {
        return answer(reader.completion(body), connection, AnswerFormat.Text::new);
    }

    private Response answer(
            RequestReader.Asked asked, RoutingContext connection, Function<AnswerFormat.Asking, AnswerFormat> shape) {
        // A client that hangs up frees its row, whether it is being written to or waited for.
        BooleanSupplier clientIsGone = () -> connection.response().closed();
        TokenStream stream = new TokenStream(clientIsGone);
        Answers.Answer answer = answers.start(asked.question(), asked.stream() ? stream : token -> {});
        Generation generation = answer.generation();
        AnswerFormat format = shape.apply(new AnswerFormat.Asking(
                answer.decision(),
                asked.question().model(),
                Clock.systemUTC().instant().getEpochSecond(),
                asked.question().options().logprobs(),
                asked.includeUsage()));
        Response.ResponseBuilder response = asked.stream()
                ? Response.ok(stream.output(generation, format), MediaType.SERVER_SENT_EVENTS)
                        .header("Cache-Control", "no-cache")
                : Response.ok(format.whole(result(generation, clientIsGone)), MediaType.APPLICATION_JSON);
        return response.header(ADAPTERS_HEADER, answer.decision().header()).build();
    }

    private static Generation.Result result(Generation generation, BooleanSupplier clientIsGone) {
        try {
            while (true) {
                try {
                    return generation.result().get(TokenStream.LOOK_AFTER_CLIENT.toMillis(), TimeUnit.MILLISECONDS);
                } catch (TimeoutException e) {
                    if (clientIsGone.getAsBoolean()) {
                        generation.cancel();
                    }
                }
            }
        } catch (ExecutionException e) {
            throw e.getCause() instanceof MillraceException known
                    ? known
                    : new MillraceException(ErrorCode.INTERNAL, "generating failed: " + e.getCause(), e);
        } catch (InterruptedException e) {
            generation.cancel();
            Thread.currentThread().interrupt();
            throw new MillraceException(ErrorCode.NOT_READY, "the router is shutting down", e);
        }
    }
}
