package io.millrace.router.api;

import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.router.RouterConfig;
import jakarta.inject.Provider;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.container.ContainerRequestFilter;
import jakarta.ws.rs.core.HttpHeaders;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Optional;

/** Asks for the bearer token on the router's paths, where one is set. */
@jakarta.ws.rs.ext.Provider
public final class RouterTokenFilter implements ContainerRequestFilter {
    private static final String BEARER = "Bearer ";

    private final Provider<RouterConfig> config;

    /** @param config asked for with each request: filters are constructed before there is one */
    public RouterTokenFilter(Provider<RouterConfig> config) {
        this.config = config;
    }

    @Override
    public void filter(ContainerRequestContext request) {
        Optional<String> token = config.get().token().filter(t -> !t.isBlank());
        if (token.isEmpty() || !request.getUriInfo().getPath().startsWith("/v1/")) {
            return;
        }
        String header = request.getHeaderString(HttpHeaders.AUTHORIZATION);
        String given = header != null && header.startsWith(BEARER) ? header.substring(BEARER.length()) : "";
        if (!MessageDigest.isEqual(
                given.getBytes(StandardCharsets.UTF_8), token.get().getBytes(StandardCharsets.UTF_8))) {
            throw new MillraceException(
                    ErrorCode.UNAUTHORIZED,
                    "this router asks for a token; send 'Authorization: Bearer <millrace.token>'");
        }
    }
}
