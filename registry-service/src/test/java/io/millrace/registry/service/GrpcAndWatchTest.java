package io.millrace.registry.service;

import static io.restassured.RestAssured.get;
import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.millrace.core.VersionId;
import io.millrace.core.peft.PeftDirectory;
import io.millrace.proto.registry.v1.ListRequest;
import io.millrace.proto.registry.v1.LookupRequest;
import io.millrace.proto.registry.v1.LookupResponse;
import io.millrace.proto.registry.v1.MoveAliasRequest;
import io.millrace.proto.registry.v1.PublishRequest;
import io.millrace.proto.registry.v1.PublishResponse;
import io.millrace.proto.registry.v1.RegistryGrpc;
import io.millrace.proto.registry.v1.WatchRequest;
import io.millrace.proto.registry.v1.WatchResponse;
import io.millrace.testkit.EmbeddedPlatformResource;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import java.net.URI;
import java.time.Duration;
import java.util.Iterator;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@QuarkusTest
@QuarkusTestResource(EmbeddedPlatformResource.class)
@Timeout(120)
class GrpcAndWatchTest {
    private static final AtomicInteger NAMES = new AtomicInteger();

    @TestHTTPResource
    URI root;

    private final String adapter = "grpc/a" + NAMES.incrementAndGet();
    private ManagedChannel channel;
    private RegistryGrpc.RegistryBlockingStub registry;

    @BeforeEach
    void connect() {
        await().atMost(Duration.ofSeconds(60))
                .until(() -> get("/q/health/ready").statusCode() == 200);
        TinyAdapter.registerBase();
        channel = ManagedChannelBuilder.forAddress("127.0.0.1", root.getPort())
                .usePlaintext()
                .build();
        registry = RegistryGrpc.newBlockingStub(channel).withDeadlineAfter(60, TimeUnit.SECONDS);
    }

    @AfterEach
    void disconnect() {
        channel.shutdownNow();
    }

    @Test
    void publishLookUpListAndMove() {
        PeftDirectory.Version one = TinyAdapter.version(adapter, 1, Optional.empty());
        TinyAdapter.upload(one);
        PublishResponse published = registry.publish(PublishRequest.newBuilder()
                .setManifest(ByteString.copyFrom(one.files().get("millrace.json")))
                .build());
        VersionId two = TinyAdapter.publish(adapter, 2);
        PublishResponse again = registry.publish(PublishRequest.newBuilder()
                .setManifest(ByteString.copyFrom(one.files().get("millrace.json")))
                .build());

        assertThat(published.getChampion()).isTrue();
        assertThat(published.getVersion().getId()).isEqualTo(one.id().hex());
        assertThat(again.getVersion()).isEqualTo(published.getVersion());
        LookupResponse found = registry.lookup(LookupRequest.newBuilder()
                .setAdapter(adapter)
                .setMinOffset(published.getOffset())
                .build());
        assertThat(found.getVersion().getOrdinal()).isEqualTo(1);
        assertThat(found.getVersion().getFilesList())
                .extracting(io.millrace.proto.registry.v1.File::getName)
                .contains("adapter_model.safetensors", "millrace.json");
        assertThat(registry.list(ListRequest.newBuilder().setLimit(1000).build())
                        .getAdaptersList())
                .extracting(io.millrace.proto.registry.v1.Adapter::getName)
                .contains(adapter);

        MoveAliasRequest move = MoveAliasRequest.newBuilder()
                .setAdapter(adapter)
                .setAlias("champion")
                .setRevision("v2")
                .setExpectedVersionId(one.id().hex())
                .build();
        assertThat(registry.moveAlias(move).getVersion().getId()).isEqualTo(two.hex());
        assertThat(registry.lookup(LookupRequest.newBuilder()
                                .setAdapter(adapter)
                                .setAtOffset(published.getOffset())
                                .build())
                        .getVersion()
                        .getId())
                .as("champion as of then")
                .isEqualTo(one.id().hex());
        assertRefused(() -> registry.moveAlias(move), Status.Code.ABORTED, "alias_moved");
    }

    @Test
    void errorsHaveAStatusAndTheStableCode() {
        PeftDirectory.Version missing = TinyAdapter.version(adapter, 77, Optional.empty());

        assertRefused(
                () -> registry.lookup(
                        LookupRequest.newBuilder().setAdapter("no/such").build()),
                Status.Code.NOT_FOUND,
                "unknown_adapter");
        assertRefused(
                () -> registry.lookup(
                        LookupRequest.newBuilder().setAdapter("bad--name").build()),
                Status.Code.INVALID_ARGUMENT,
                "bad_adapter_name");
        assertRefused(
                () -> registry.publish(PublishRequest.newBuilder()
                        .setManifest(ByteString.copyFrom(missing.files().get("millrace.json")))
                        .build()),
                Status.Code.INVALID_ARGUMENT,
                "invalid_adapter");
        assertRefused(
                () -> registry.list(ListRequest.newBuilder().setPageToken("???").build()),
                Status.Code.INVALID_ARGUMENT,
                "bad_request");
    }

    private static void assertRefused(ThrowingCallable call, Status.Code status, String code) {
        assertThatThrownBy(call).isInstanceOfSatisfying(StatusRuntimeException.class, e -> {
            assertThat(e.getStatus().getCode()).isEqualTo(status);
            assertThat(e.getStatus().getDescription()).isNotEmpty();
            assertThat(e.getTrailers().get(Metadata.Key.of("millrace-error-code", Metadata.ASCII_STRING_MARSHALLER)))
                    .isEqualTo(code);
        });
    }

    @Test
    void watchTellsThePastAndThenWhatComes() {
        TinyAdapter.publish(adapter, 1);
        Iterator<WatchResponse> changes =
                registry.watch(WatchRequest.newBuilder().setFromOffset(0).build());

        WatchResponse published = next(changes, "published");
        given().post("/api/v1/adapters/" + adapter + "/pause").then().statusCode(200);
        WatchResponse paused = next(changes, "paused");

        assertThat(published.getOffset()).isLessThan(paused.getOffset());
        assertThat(paused.getKind()).isEqualTo("adapter");
    }

    @Test
    void serverSentEventsTellTheSameWithOffsetsAsIds() throws Exception {
        TinyAdapter.publish(adapter, 1);
        long offset = Long.parseLong(get("/api/v1/adapters/" + adapter).header("X-Registry-Offset"));

        try (EventStream events = EventStream.open(root.resolve("/api/v1/watch?from=" + offset), "")) {
            events.awaitLine("v1 of " + adapter + " published");
            given().post("/api/v1/adapters/" + adapter + "/hold").then().statusCode(200);
            events.awaitLine("on hold");

            assertThat(events.header("X-Registry-Offset")).isEqualTo(Long.toString(offset));
            assertThat(events.lines()).contains("id:" + offset, "event:change");
        }
        try (EventStream events = EventStream.open(root.resolve("/api/v1/watch?from=0"), Long.toString(offset))) {
            events.awaitLine("on hold");

            assertThat(events.lines())
                    .as("a client that comes back goes on after the last one it has")
                    .noneMatch(l -> l.contains("v1 of " + adapter + " published"));
        }
    }

    private WatchResponse next(Iterator<WatchResponse> changes, String what) {
        while (changes.hasNext()) {
            WatchResponse change = changes.next();
            if (change.getName().equals(adapter) && change.getWhat().contains(what)) {
                return change;
            }
        }
        throw new AssertionError("the stream ended before '" + what + "'");
    }
}
