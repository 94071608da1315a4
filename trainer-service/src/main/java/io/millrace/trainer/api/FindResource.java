package io.millrace.trainer.api;

import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.trainer.TrainerProcess;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import java.util.Map;
import java.util.Set;

/** Which adapters have seen which examples. */
@Path("/api/v1/trainer/examples/find")
@Produces(MediaType.APPLICATION_JSON)
@Consumes(MediaType.APPLICATION_JSON)
public final class FindResource {
    private final TrainerProcess process;
    private final TrainerToken token;

    public FindResource(TrainerProcess process, TrainerToken token) {
        this.process = process;
        this.token = token;
    }

    /** @param examples ids */
    public record Question(Set<String> examples) {}

    /** @param adapters by name, those that have a round with one of the examples, and which */
    public record Answer(Map<String, Set<String>> adapters) {}

    @POST
    public Answer find(Question question, @HeaderParam(HttpHeaders.AUTHORIZATION) String authorization) {
        token.require(authorization);
        if (question == null || question.examples() == null) {
            throw new MillraceException(ErrorCode.BAD_REQUEST, "send {\"examples\": [\"…\"]}, ids of examples");
        }
        return new Answer(process.trainer().find(question.examples()));
    }
}
