package io.millrace.registry.service;

import io.millrace.core.ErrorCode;
import io.millrace.core.Problem;
import jakarta.ws.rs.Priorities;
import jakarta.ws.rs.WebApplicationException;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.core.Response;
import java.util.Optional;
import org.jboss.logging.Logger;
import org.jboss.resteasy.reactive.server.ServerExceptionMapper;

/** What the registry's web server refuses by itself, and what went wrong unforeseen, as problem documents. */
public final class RegistryRefusals {
    private static final Logger LOG = Logger.getLogger(RegistryRefusals.class);

    @ServerExceptionMapper(priority = Priorities.USER + 20)
    public Response refused(WebApplicationException e, ContainerRequestContext request) {
        return answer(Problem.ofRefusal(
                e.getResponse().getStatus(),
                request.getMethod() + " " + request.getUriInfo().getPath(),
                Optional.ofNullable(e.getCause()).map(Throwable::getMessage)));
    }

    @ServerExceptionMapper(priority = Priorities.USER + 20)
    public Response failed(RuntimeException e, ContainerRequestContext request) {
        String what = request.getMethod() + " " + request.getUriInfo().getPath();
        LOG.errorf(e, "%s failed", what);
        return answer(Problem.of(ErrorCode.INTERNAL, what + " failed (" + e + "); the service's log says more"));
    }

    private static Response answer(Problem problem) {
        return Response.status(problem.status())
                .type(Problem.MEDIA_TYPE)
                .entity(problem)
                .build();
    }
}
