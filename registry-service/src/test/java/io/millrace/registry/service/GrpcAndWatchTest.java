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
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
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

        assertThat(published.getChampion()).isTrue();
        assertThat(published.getVersion().getId()).isEqualTo(one.id().hex());
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
        assertThatThrownBy(() -> registry.moveAlias(move)).isInstanceOfSatisfying(StatusRuntimeException.class, e -> {
            assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.ABORTED);
            assertThat(e.getTrailers().get(Metadata.Key.of("millrace-error-code", Metadata.ASCII_STRING_MARSHALLER)))
                    .isEqualTo("alias_moved");
        });
        assertThatThrownBy(() -> registry.lookup(
                        LookupRequest.newBuilder().setAdapter("no/such").build()))
                .isInstanceOfSatisfying(
                        StatusRuntimeException.class,
                        e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.NOT_FOUND));
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
        List<String> lines = new CopyOnWriteArrayList<>();
        HttpResponse<InputStream> response = HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(root.resolve("/api/v1/watch?from=" + offset))
                                .header("Accept", "text/event-stream")
                                .build(),
                        HttpResponse.BodyHandlers.ofInputStream());
        Thread reader = new Thread(() -> read(response.body(), lines), "sse-reader");
        reader.start();

        await().until(() -> lines.stream().anyMatch(l -> l.contains("v1 of " + adapter + " published")));
        given().post("/api/v1/adapters/" + adapter + "/hold").then().statusCode(200);
        await().until(() -> lines.stream().anyMatch(l -> l.contains("on hold")));

        assertThat(response.headers().firstValue("X-Registry-Offset")).isPresent();
        assertThat(lines).contains("id:" + offset, "event:change");
        response.body().close();
        reader.join(10_000);
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

    private static void read(InputStream body, List<String> lines) {
        try (BufferedReader in = new BufferedReader(new InputStreamReader(body, StandardCharsets.UTF_8))) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                lines.add(line.replaceFirst(": ", ":"));
            }
        } catch (IOException e) {
            lines.add("closed");
        }
    }
}
