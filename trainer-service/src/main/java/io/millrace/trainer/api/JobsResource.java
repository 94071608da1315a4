package io.millrace.trainer.api;

import io.millrace.core.AdapterName;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.trainer.TrainerProcess;
import io.millrace.trainer.job.JobStatus;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.util.List;
import java.util.Optional;

/** Work that the trainer does when it is asked to, beside its training. */
@Path("/api/v1/trainer/jobs")
@Produces(MediaType.APPLICATION_JSON)
@Consumes(MediaType.APPLICATION_JSON)
public final class JobsResource {
    private final TrainerProcess process;
    private final TrainerToken token;

    public JobsResource(TrainerProcess process, TrainerToken token) {
        this.process = process;
        this.token = token;
    }

    /** All that this trainer remembers, and what others do that were asked by it, the latest last. */
    public record All(List<JobStatus> jobs) {}

    @POST
    public Response submit(JobRequest request, @HeaderParam(HttpHeaders.AUTHORIZATION) String authorization) {
        token.require(authorization);
        if (request == null || request.adapter() == null) {
            throw new MillraceException(ErrorCode.BAD_REQUEST, "a job needs 'kind' and 'adapter'");
        }
        AdapterName adapter = AdapterName.parse(request.adapter());
        JobStatus status =
                switch (Optional.ofNullable(request.kind()).orElse("")) {
                    case "verify" ->
                        process.trainer().verify(adapter, request.revisionOrLatest(), request.fromGenesis());
                    case "rebuild" ->
                        process.trainer()
                                .rebuild(
                                        adapter,
                                        request.revision(),
                                        request.without(),
                                        request.set(),
                                        request.replace());
                    case "forget" -> {
                        if (request.examples().isEmpty()) {
                            throw new MillraceException(ErrorCode.BAD_REQUEST, "'examples' names none to forget");
                        }
                        yield process.trainer().forget(adapter, request.examples(), request.keepTopics());
                    }
                    case "eval" -> {
                        if (request.records().isEmpty()) {
                            throw new MillraceException(ErrorCode.BAD_REQUEST, "'records' has none to measure with");
                        }
                        yield process.trainer().eval(adapter, request.revisionOrLatest(), request.records());
                    }
                    default ->
                        throw new MillraceException(
                                ErrorCode.BAD_REQUEST,
                                "'" + request.kind()
                                        + "' is no kind of job; there are verify, rebuild, forget and eval");
                };
        return Response.accepted(status).build();
    }

    @GET
    public All list(@HeaderParam(HttpHeaders.AUTHORIZATION) String authorization) {
        token.require(authorization);
        return new All(process.trainer().jobDesk().list());
    }

    @GET
    @Path("/{id}")
    public JobStatus get(@PathParam("id") String id, @HeaderParam(HttpHeaders.AUTHORIZATION) String authorization) {
        token.require(authorization);
        return known(process.trainer().jobDesk().get(id), id);
    }

    @DELETE
    @Path("/{id}")
    public JobStatus cancel(@PathParam("id") String id, @HeaderParam(HttpHeaders.AUTHORIZATION) String authorization) {
        token.require(authorization);
        return known(process.trainer().jobDesk().cancel(id), id);
    }

    private static JobStatus known(Optional<JobStatus> status, String id) {
        return status.orElseThrow(() -> new MillraceException(
                ErrorCode.UNKNOWN_JOB, "there is no job '" + id + "'; 'GET /api/v1/trainer/jobs' lists them"));
    }
}
