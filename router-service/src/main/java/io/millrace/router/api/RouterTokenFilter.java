package io.millrace.router.api;

import io.millrace.core.AccessToken;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.router.RouterConfig;
import jakarta.inject.Provider;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.container.ContainerRequestFilter;
import jakarta.ws.rs.core.HttpHeaders;

/** Asks for the bearer token on the router's paths, where one is set. */
@jakarta.ws.rs.ext.Provider
public final class RouterTokenFilter implements ContainerRequestFilter {
    private final Provider<RouterConfig> config;

    /** @param config asked for with each request: filters are constructed before there is one */
    public RouterTokenFilter(Provider<RouterConfig> config) {
        this.config = config;
    }

    @Override
    public void filter(ContainerRequestContext request) {
        AccessToken token = new AccessToken(config.get().token());
        if (request.getUriInfo().getPath().startsWith("/v1/")
                && !token.allows(request.getHeaderString(HttpHeaders.AUTHORIZATION))) {
            throw new MillraceException(
                    ErrorCode.UNAUTHORIZED,
                    "this router asks for a token; send 'Authorization: Bearer <millrace.token>'");
        }
    }
}
