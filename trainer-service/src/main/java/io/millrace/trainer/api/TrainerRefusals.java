package io.millrace.trainer.api;

import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.core.Problem;
import jakarta.ws.rs.Priorities;
import jakarta.ws.rs.WebApplicationException;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.core.Response;
import java.util.Optional;
import org.jboss.logging.Logger;
import org.jboss.resteasy.reactive.server.ServerExceptionMapper;

/** What the trainer's web server refuses by itself, and what went wrong unforeseen, as problem documents. */
public final class TrainerRefusals {
    private static final Logger LOG = Logger.getLogger(TrainerRefusals.class);

    @ServerExceptionMapper(priority = Priorities.USER + 40)
    public Response problem(MillraceException e) {
        return answer(Problem.of(e));
    }

    @ServerExceptionMapper(priority = Priorities.USER + 40)
    public Response refused(WebApplicationException e, ContainerRequestContext request) {
        return answer(Problem.ofRefusal(
                e.getResponse().getStatus(),
                request.getMethod() + " " + request.getUriInfo().getPath(),
                Optional.ofNullable(e.getCause()).map(Throwable::getMessage)));
    }

    @ServerExceptionMapper(priority = Priorities.USER + 40)
    public Response failed(RuntimeException e, ContainerRequestContext request) {
        String what = request.getMethod() + " " + request.getUriInfo().getPath();
        LOG.errorf(e, "%s failed", what);
        return answer(Problem.of(ErrorCode.INTERNAL, what + " failed (" + e + "); the service's log says more"));
    }

    private static Response answer(Problem problem) {
        Response.ResponseBuilder response =
                Response.status(problem.status()).type(Problem.MEDIA_TYPE).entity(problem);
        if (problem.retryable()) {
            response.header("Retry-After", 1);
        }
        return response.build();
    }
}
