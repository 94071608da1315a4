package io.millrace.registry.service;

import io.millrace.core.AccessToken;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import jakarta.annotation.Priority;
import jakarta.inject.Provider;
import jakarta.ws.rs.Priorities;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.container.ContainerRequestFilter;
import jakarta.ws.rs.core.HttpHeaders;

/** Asks for the bearer token, where one is set. */
@jakarta.ws.rs.ext.Provider
@RegistryApi
@Priority(Priorities.AUTHENTICATION)
public final class RegistryTokenFilter implements ContainerRequestFilter {
    private final Provider<AccessToken> token;

    /** @param token looked up when the first request comes: filters are made before the configuration is */
    public RegistryTokenFilter(Provider<AccessToken> token) {
        this.token = token;
    }

    @Override
    public void filter(ContainerRequestContext request) {
        if (!token.get().allows(request.getHeaderString(HttpHeaders.AUTHORIZATION))) {
            throw new MillraceException(
                    ErrorCode.UNAUTHORIZED,
                    "this registry asks for a token; send 'Authorization: Bearer <millrace.token>'");
        }
    }
}
