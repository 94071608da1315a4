package io.millrace.registry.service.grpc;

import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import java.util.concurrent.Callable;

/** Errors as gRPC states them: a status, the message, and the stable code in a trailer. */
final class GrpcErrors {
    static final Metadata.Key<String> CODE = Metadata.Key.of("millrace-error-code", Metadata.ASCII_STRING_MARSHALLER);

    private GrpcErrors() {}

    /** Answers with what the call returns, or with its error. */
    static <T> void answer(StreamObserver<T> observer, Callable<T> call) {
        T value;
        try {
            value = call.call();
        } catch (MillraceException e) {
            observer.onError(status(e));
            return;
        } catch (Exception e) { // whatever it is, the caller hears of it
            observer.onError(
                    Status.INTERNAL.withDescription(e.toString()).withCause(e).asRuntimeException());
            return;
        }
        observer.onNext(value);
        observer.onCompleted();
    }

    static StatusRuntimeException status(MillraceException e) {
        Metadata trailers = new Metadata();
        trailers.put(CODE, e.code().code());
        return status(e.code()).withDescription(e.getMessage()).withCause(e).asRuntimeException(trailers);
    }

    private static Status status(ErrorCode code) {
        return switch (code.httpStatus()) {
            case 400, 413, 422 -> Status.INVALID_ARGUMENT;
            case 401 -> Status.UNAUTHENTICATED;
            case 404, 410 -> Status.NOT_FOUND;
            case 409, 428 -> Status.FAILED_PRECONDITION;
            case 412 -> Status.ABORTED;
            case 416 -> Status.OUT_OF_RANGE;
            case 429 -> Status.RESOURCE_EXHAUSTED;
            case 503 -> Status.UNAVAILABLE;
            case 504 -> Status.DEADLINE_EXCEEDED;
            default -> Status.INTERNAL;
        };
    }
}
