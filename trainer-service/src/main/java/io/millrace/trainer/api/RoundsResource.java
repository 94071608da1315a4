package io.millrace.trainer.api;

import io.millrace.core.AdapterName;
import io.millrace.trainer.TrainerProcess;
import io.millrace.trainer.proof.VersionRounds;
import jakarta.ws.rs.DefaultValue;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;

/** What a version was made of, round by round. */
@Path("/api/v1/trainer/adapters/{namespace}/{name}/versions/{rev}/rounds")
@Produces(MediaType.APPLICATION_JSON)
public final class RoundsResource {
    private final TrainerProcess process;
    private final TrainerToken token;

    public RoundsResource(TrainerProcess process, TrainerToken token) {
        this.process = process;
        this.token = token;
    }

    /** The rounds since the first, oldest first, each with its examples, replayed ones, settings and fingerprint. */
    @GET
    public VersionRounds get(
            @PathParam("namespace") String namespace,
            @PathParam("name") String name,
            @PathParam("rev") String revision,
            @QueryParam("limit") @DefaultValue("0") int limit,
            @QueryParam("page_token") @DefaultValue("") String pageToken,
            @HeaderParam(HttpHeaders.AUTHORIZATION) String authorization) {
        token.require(authorization);
        return process.trainer().rounds(new AdapterName(namespace, name), revision, limit, pageToken);
    }
}
