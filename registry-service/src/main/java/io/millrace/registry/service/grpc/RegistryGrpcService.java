package io.millrace.registry.service.grpc;

import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.millrace.core.AdapterName;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.core.VersionId;
import io.millrace.proto.internal.MoveAlias;
import io.millrace.proto.internal.RegistryRecord;
import io.millrace.proto.registry.v1.ListRequest;
import io.millrace.proto.registry.v1.ListResponse;
import io.millrace.proto.registry.v1.LookupRequest;
import io.millrace.proto.registry.v1.LookupResponse;
import io.millrace.proto.registry.v1.MoveAliasRequest;
import io.millrace.proto.registry.v1.MoveAliasResponse;
import io.millrace.proto.registry.v1.PublishRequest;
import io.millrace.proto.registry.v1.PublishResponse;
import io.millrace.proto.registry.v1.RegistryGrpc;
import io.millrace.proto.registry.v1.WatchRequest;
import io.millrace.proto.registry.v1.WatchResponse;
import io.millrace.registry.AdapterEntry;
import io.millrace.registry.CommandOutcome;
import io.millrace.registry.RegistryChange;
import io.millrace.registry.RegistryView;
import io.millrace.registry.Revisions;
import io.millrace.registry.VersionEntry;
import io.millrace.registry.service.Publisher;
import io.millrace.registry.service.Publisher.Publication;
import io.millrace.registry.service.Publisher.Published;
import io.millrace.registry.service.RegistryAccess;
import io.millrace.registry.service.api.Paging;
import io.quarkus.grpc.GrpcService;
import io.smallrye.common.annotation.Blocking;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;

/** {@code millrace.registry.v1.Registry}. */
@GrpcService
public class RegistryGrpcService extends RegistryGrpc.RegistryImplBase {
    private static final String ACTOR = "grpc";

    private final RegistryAccess registry;
    private final Publisher publisher;

    public RegistryGrpcService(RegistryAccess registry, Publisher publisher) {
        this.registry = registry;
        this.publisher = publisher;
    }

    @Override
    @Blocking
    public void lookup(LookupRequest request, StreamObserver<LookupResponse> observer) {
        GrpcErrors.answer(observer, () -> {
            RegistryView view = request.hasMinOffset() ? registry.viewFrom(request.getMinOffset()) : registry.view();
            RegistryView then = request.hasAtOffset() ? view.at(request.getAtOffset()) : view;
            String revision = request.getRevision().isEmpty() ? Revisions.MAIN : request.getRevision();
            VersionEntry version = then.resolve(AdapterName.parse(request.getAdapter()), revision);
            return LookupResponse.newBuilder()
                    .setVersion(Messages.version(version))
                    .setOffset(then.offset())
                    .build();
        });
    }

    @Override
    @Blocking
    public void list(ListRequest request, StreamObserver<ListResponse> observer) {
        GrpcErrors.answer(observer, () -> {
            RegistryView view = registry.view();
            Paging.Page<AdapterEntry> page =
                    Paging.page(view.adapters(), request.getLimit(), request.getPageToken(), a -> a.name()
                            .toString());
            return ListResponse.newBuilder()
                    .addAllAdapters(page.map(Messages::adapter))
                    .setNextPageToken(page.next().orElse(""))
                    .setOffset(view.offset())
                    .build();
        });
    }

    @Override
    @Blocking
    public void publish(PublishRequest request, StreamObserver<PublishResponse> observer) {
        GrpcErrors.answer(observer, () -> {
            Publication publication = new Publication(
                    request.getManifest().toByteArray(),
                    request.getPromptsList(),
                    request.getPromote(),
                    request.getExpectedChampion().isEmpty()
                            ? Optional.empty()
                            : Optional.of(version(request.getExpectedChampion())),
                    request.getReason());
            Published published = publisher.publish(
                    publication, ACTOR, Optional.of(request.getCommandId()).filter(id -> !id.isEmpty()));
            VersionEntry version = published.version();
            return PublishResponse.newBuilder()
                    .setVersion(Messages.version(version))
                    .setChampion(registry.view()
                            .adapter(version.adapter())
                            .flatMap(AdapterEntry::champion)
                            .filter(version.id()::equals)
                            .isPresent())
                    .setOffset(published.outcome().offset())
                    .build();
        });
    }

    private static VersionId version(String hex) {
        if (!VersionId.matches(hex)) {
            throw new MillraceException(
                    ErrorCode.BAD_REQUEST, "a version id has 40 lower-case hex digits, not '" + hex + "'");
        }
        return new VersionId(hex);
    }

    @Override
    @Blocking
    public void moveAlias(MoveAliasRequest request, StreamObserver<MoveAliasResponse> observer) {
        GrpcErrors.answer(observer, () -> {
            AdapterName adapter = AdapterName.parse(request.getAdapter());
            VersionId target =
                    registry.view().resolve(adapter, request.getRevision()).id();
            CommandOutcome outcome = registry.execute(
                    RegistryRecord.newBuilder()
                            .setMoveAlias(MoveAlias.newBuilder()
                                    .setAdapter(adapter.toString())
                                    .setAlias(request.getAlias())
                                    .setTargetVersionId(target.hex())
                                    .setExpectedVersionId(request.getExpectedVersionId())),
                    ACTOR,
                    Optional.of(request.getCommandId()).filter(id -> !id.isEmpty()));
            return MoveAliasResponse.newBuilder()
                    .setVersion(Messages.version(
                            registry.view().version(adapter, target).orElseThrow()))
                    .setOffset(outcome.offset())
                    .build();
        });
    }

    @Override
    @Blocking
    public void watch(WatchRequest request, StreamObserver<WatchResponse> observer) {
        ServerCallStreamObserver<WatchResponse> call = (ServerCallStreamObserver<WatchResponse>) observer;
        AtomicReference<AutoCloseable> watching = new AtomicReference<>(() -> {});
        call.setOnCancelHandler(() -> close(watching.get()));
        try {
            long from = request.hasFromOffset()
                    ? request.getFromOffset()
                    : registry.view().offset() + 1;
            watching.set(registry.watch(from, change -> send(call, change)));
            if (call.isCancelled()) {
                close(watching.get());
            }
        } catch (MillraceException e) {
            observer.onError(GrpcErrors.status(e));
        }
    }

    private static void send(ServerCallStreamObserver<WatchResponse> call, RegistryChange change) {
        if (!call.isCancelled()) {
            call.onNext(Messages.change(change));
        }
    }

    private static void close(AutoCloseable watching) {
        try {
            watching.close();
        } catch (Exception e) { // AutoCloseable declares it
            throw new IllegalStateException(e);
        }
    }
}
