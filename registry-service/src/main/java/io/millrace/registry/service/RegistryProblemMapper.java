package io.millrace.registry.service;

import io.millrace.core.MillraceException;
import io.millrace.core.Problem;
import jakarta.annotation.Priority;
import jakarta.ws.rs.Priorities;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.ext.ExceptionMapper;
import jakarta.ws.rs.ext.Provider;

/** Errors as problem documents. */
@Provider
@Priority(Priorities.USER + 20)
public final class RegistryProblemMapper implements ExceptionMapper<MillraceException> {
    @Override
    public Response toResponse(MillraceException e) {
        Response.ResponseBuilder response =
                Response.status(e.code().httpStatus()).type(Problem.MEDIA_TYPE).entity(Problem.of(e));
        if (e.code().retryable()) {
            response.header("Retry-After", 1);
        }
        return response.build();
    }
}
