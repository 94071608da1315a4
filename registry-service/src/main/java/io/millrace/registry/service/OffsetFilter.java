package io.millrace.registry.service;

import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.registry.RegistryView;
import jakarta.inject.Provider;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.container.ContainerRequestFilter;
import jakarta.ws.rs.container.ContainerResponseContext;
import jakarta.ws.rs.container.ContainerResponseFilter;
import java.time.DateTimeException;
import java.time.OffsetDateTime;

/**
 * Chooses the view that a request reads: the present one, one that contains {@code X-Registry-Min-Offset}, or, with
 * {@code ?at=OFFSET|TIME}, one of the past. Every answer says the offset it is true at.
 */
@jakarta.ws.rs.ext.Provider
@RegistryApi
public final class OffsetFilter implements ContainerRequestFilter, ContainerResponseFilter {
    public static final String OFFSET = "X-Registry-Offset";
    public static final String MIN_OFFSET = "X-Registry-Min-Offset";

    private final Provider<RegistryAccess> registry;
    private final RequestView current;

    /** @param registry looked up when the first request comes: filters are made before the configuration is */
    public OffsetFilter(Provider<RegistryAccess> registry, RequestView current) {
        this.registry = registry;
        this.current = current;
    }

    @Override
    public void filter(ContainerRequestContext request) {
        String minOffset = request.getHeaderString(MIN_OFFSET);
        RegistryView view =
                minOffset == null ? registry.get().view() : registry.get().viewFrom(number(MIN_OFFSET, minOffset));
        String at = request.getUriInfo().getQueryParameters().getFirst("at");
        current.set(at == null ? view : past(view, at));
    }

    @Override
    public void filter(ContainerRequestContext request, ContainerResponseContext response) {
        response.getHeaders()
                .putSingle(
                        OFFSET, current.offset().orElse(registry.get().anyView().offset()));
    }

    private static RegistryView past(RegistryView view, String at) {
        if (at.matches("-?[0-9]+")) {
            return view.at(number("at", at));
        }
        try {
            return view.at(OffsetDateTime.parse(at).toInstant());
        } catch (DateTimeException e) {
            throw new MillraceException(
                    ErrorCode.BAD_REQUEST,
                    "at is an offset or a time as 2026-01-31T12:00:00Z (a '+' in it written %2B), not '" + at + "'",
                    e);
        }
    }

    private static long number(String name, String text) {
        try {
            return Long.parseLong(text.strip());
        } catch (NumberFormatException e) {
            throw new MillraceException(ErrorCode.BAD_REQUEST, name + " must be an offset, not '" + text + "'", e);
        }
    }
}
