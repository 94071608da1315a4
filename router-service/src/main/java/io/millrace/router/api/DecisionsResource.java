package io.millrace.router.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import io.millrace.router.Answers;
import io.millrace.router.record.Decision;
import io.millrace.router.record.Recorder;
import io.smallrye.common.annotation.Blocking;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.util.List;
import java.util.Optional;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;

/** Decisions without answers, and what people made of answers. */
@Path("/v1")
@Tag(name = "router")
@Produces(MediaType.APPLICATION_JSON)
@Consumes(MediaType.WILDCARD)
@Blocking
public final class DecisionsResource {
    private final Answers answers;
    private final Recorder recorder;
    private final RequestReader reader;

    public DecisionsResource(Answers answers, Recorder recorder, RequestReader reader) {
        this.answers = answers;
        this.recorder = recorder;
        this.reader = reader;
    }

    /** A decision as its asker sees it. */
    public record Decided(
            @JsonProperty("decision_id") String decisionId,
            String step,
            List<Decision.Part> adapters,
            double propensity,
            List<Decision.Candidate> from,
            boolean explored,
            @JsonProperty("registry_offset") long registryOffset) {}

    /** @param example id of the training example made of the preferred text */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Accepted(@JsonProperty("decision_id") String decisionId, String example) {}

    @POST
    @Path("/select")
    @Operation(summary = "Which adapters would answer, and why; takes messages, prompt or text, and model or adapters")
    public Response select(byte[] body) {
        RequestReader.Selecting asked = reader.select(body);
        Decision decision = answers.select(asked.model(), asked.routing(), asked.prompt());
        return Response.ok(new Decided(
                        decision.decisionId(),
                        decision.step(),
                        decision.adapters(),
                        decision.propensity(),
                        decision.from(),
                        decision.explored(),
                        decision.registryOffset()))
                .header(CompletionsResource.ADAPTERS_HEADER, decision.header())
                .build();
    }

    @POST
    @Path("/feedback")
    @Operation(summary = "A score in [0, 1] and/or the text that should have been answered; that one is trained on")
    public Response feedback(byte[] body) {
        RequestBody fields = RequestBody.parse(body);
        String id = fields.text("decision_id")
                .orElseThrow(
                        () -> RequestBody.bad("'decision_id' is missing; it stands in an answer's millrace field"));
        Optional<String> preferred = fields.text("preferred");
        Optional<Double> score = fields.field("score").map(s -> fields.number("score", 0, 0, 1));
        if (preferred.isEmpty() && score.isEmpty()) {
            throw RequestBody.bad("one of 'score' and 'preferred' is needed");
        }
        if (preferred.filter(String::isBlank).isPresent()) {
            throw RequestBody.bad("'preferred' is empty; leave it out where there is no better answer");
        }
        Optional<String> example = recorder.feedback(id, score, preferred);
        return Response.accepted(new Accepted(id, example.orElse(null))).build();
    }
}
