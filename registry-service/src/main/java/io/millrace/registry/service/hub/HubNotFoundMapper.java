package io.millrace.registry.service.hub;

import io.millrace.core.Problem;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.ext.ExceptionMapper;
import jakarta.ws.rs.ext.Provider;

/** What isn't there, in the hub's headers, which hold only printable ASCII, and as a problem document. */
@Provider
public final class HubNotFoundMapper implements ExceptionMapper<HubNotFound> {
    @Override
    public Response toResponse(HubNotFound e) {
        return Response.status(Response.Status.NOT_FOUND)
                .type(Problem.MEDIA_TYPE)
                .header("X-Error-Code", e.hubCode())
                .header("X-Error-Message", e.getMessage().replaceAll("[^\\x20-\\x7e]", "?"))
                .entity(Problem.of(e.code(), e.getMessage()))
                .build();
    }
}
