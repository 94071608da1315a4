package io.millrace.trainer.api;

import io.millrace.core.AdapterName;
import io.millrace.trainer.TrainerProcess;
import io.millrace.trainer.proof.SeenBy;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;

/** Where an example went. */
@Path("/api/v1/trainer/adapters/{namespace}/{name}/examples/{id}")
@Produces(MediaType.APPLICATION_JSON)
public final class ExamplesResource {
    private final TrainerProcess process;
    private final TrainerToken token;

    public ExamplesResource(TrainerProcess process, TrainerToken token) {
        this.process = process;
        this.token = token;
    }

    /** The rounds and versions that have seen it. */
    @GET
    public SeenBy get(
            @PathParam("namespace") String namespace,
            @PathParam("name") String name,
            @PathParam("id") String id,
            @HeaderParam(HttpHeaders.AUTHORIZATION) String authorization) {
        token.require(authorization);
        return process.trainer().seenBy(new AdapterName(namespace, name), id);
    }
}
