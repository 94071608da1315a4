package io.millrace.trainer.api;

import io.millrace.core.AdapterName;
import io.millrace.trainer.TrainerProcess;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;

/** What the trainer does now, and asking it for a version. */
@Path("/api/v1/trainer")
@Produces(MediaType.APPLICATION_JSON)
public final class TrainerResource {
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

    /**
     * Makes a version of all that the adapter has waiting now due at once, whichever worker trains it; it appears in the
     * registry when it is done.
     */
    @POST
    @Path("/adapters/{namespace}/{name}/cut")
    public Response cut(
            @PathParam("namespace") String namespace,
            @PathParam("name") String name,
            @HeaderParam(HttpHeaders.AUTHORIZATION) String authorization) {
        token.require(authorization);
        return Response.accepted(process.trainer().cuts().request(new AdapterName(namespace, name)))
                .build();
    }
}
