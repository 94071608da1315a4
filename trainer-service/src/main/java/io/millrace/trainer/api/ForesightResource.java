package io.millrace.trainer.api;

import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.trainer.TrainerProcess;
import io.millrace.trainer.curate.Foresight;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** What would become of examples, before they are sent. */
@Path("/api/v1/trainer/examples/check")
@Produces(MediaType.APPLICATION_JSON)
@Consumes(MediaType.APPLICATION_JSON)
public final class ForesightResource {
    private final TrainerProcess process;
    private final TrainerToken token;

    public ForesightResource(TrainerProcess process, TrainerToken token) {
        this.process = process;
        this.token = token;
    }

    /** @param records each the text of a record of the examples topic */
    public record Question(List<String> records) {}

    /** One for each record, in their order. */
    public record Answer(List<Foresight.Foreseen> records) {}

    @POST
    public Answer check(Question question, @HeaderParam(HttpHeaders.AUTHORIZATION) String authorization) {
        token.require(authorization);
        if (question == null || question.records() == null || question.records().contains(null)) {
            throw new MillraceException(
                    ErrorCode.BAD_REQUEST, "send {\"records\": [\"…\"]}, each the text of an example");
        }
        return new Answer(process.trainer()
                .foresee(question.records().stream()
                        .map(record -> record.getBytes(StandardCharsets.UTF_8))
                        .toList()));
    }
}
