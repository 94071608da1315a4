package io.millrace.router.api;

import io.millrace.core.MillraceException;
import io.millrace.core.Problem;
import jakarta.annotation.Priority;
import jakarta.ws.rs.Priorities;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.ext.ExceptionMapper;
import jakarta.ws.rs.ext.Provider;

/** Errors as problem documents, which hold OpenAI's error object too. */
@Provider
@Priority(Priorities.USER + 30)
public final class RouterProblemMapper implements ExceptionMapper<MillraceException> {
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
