package io.millrace.trainer.api;

import io.millrace.core.AdapterName;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.trainer.TrainerProcess;
import io.millrace.trainer.worker.Answers;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.time.Duration;
import java.util.Map;

/** What the trainer does now, and asking it for a version. */
@Path("/api/v1/trainer")
@Produces(MediaType.APPLICATION_JSON)
public final class TrainerResource {
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private final TrainerProcess process;
    private final TrainerToken token;

    public TrainerResource(TrainerProcess process, TrainerToken token) {
        this.process = process;
        this.token = token;
    }

    @GET
    @Path("/status")
    public TrainerStatus status(@HeaderParam(HttpHeaders.AUTHORIZATION) String authorization) {
        token.require(authorization);
        return TrainerStatus.of(process);
    }

    /** Makes a version of all that the adapter has waiting now due at once; it appears in the registry when it is done. */
    @POST
    @Path("/adapters/{namespace}/{name}/cut")
    public Response cut(
            @PathParam("namespace") String namespace,
            @PathParam("name") String name,
            @HeaderParam(HttpHeaders.AUTHORIZATION) String authorization) {
        token.require(authorization);
        AdapterName adapter = new AdapterName(namespace, name);
        if (!Answers.of(process.trainer().requestCut(adapter), PATIENCE)) {
            throw new MillraceException(
                    ErrorCode.UNKNOWN_ADAPTER,
                    "this trainer (" + process.trainer().workerId() + ") has nothing of " + adapter
                            + "; push examples first, or ask the worker that trains it");
        }
        return Response.accepted(Map.of("adapter", adapter.toString(), "requested", true))
                .build();
    }
}
