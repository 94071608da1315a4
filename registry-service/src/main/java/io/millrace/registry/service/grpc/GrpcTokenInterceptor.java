package io.millrace.registry.service.grpc;

import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.millrace.core.AccessToken;
import io.quarkus.grpc.GlobalInterceptor;
import jakarta.inject.Singleton;

/** Asks for the bearer token in the metadata, where one is set. */
@GlobalInterceptor
@Singleton
public final class GrpcTokenInterceptor implements ServerInterceptor {
    private static final Metadata.Key<String> AUTHORIZATION =
            Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

    private final AccessToken token;

    public GrpcTokenInterceptor(AccessToken token) {
        this.token = token;
    }

    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
        if (token.allows(headers.get(AUTHORIZATION))) {
            return next.startCall(call, headers);
        }
        call.close(
                Status.UNAUTHENTICATED.withDescription("send 'authorization: Bearer <millrace.token>'"),
                new Metadata());
        return new ServerCall.Listener<>() {};
    }
}
