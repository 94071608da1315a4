package io.millrace.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import io.millrace.core.Digest;
import io.millrace.core.ErrorCode;
import io.millrace.embedded.EmbeddedS3;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EmbeddedS3BlobStoreTest extends BlobStoreContract {
    private static final EmbeddedS3.Credentials KEYS = new EmbeddedS3.Credentials("millrace", "secret-of-the-test");

    @TempDir
    static Path objects;

    private static EmbeddedS3 server;
    private static S3BlobStore store;

    @BeforeAll
    static void start() {
        server = EmbeddedS3.startOnFreePort(objects, KEYS, "millrace");
        store = new S3BlobStore(settings(KEYS.secretKey(), "millrace"));
    }

    @AfterAll
    static void stop() {
        store.close();
        server.close();
    }

    private static S3Settings settings(String secret, String bucket) {
        return S3Settings.of(server.endpoint(), KEYS.accessKey(), secret, bucket, "us-east-1");
    }

    @Override
    protected BlobStore store() {
        return store;
    }

    @Test
    void leavesTheObjectOfTheFirstWriterAlone() throws IOException {
        Digest digest = store.put(random(11, 100));
        Path file = objects.resolve("millrace").resolve(BlobNames.blob(digest));
        FileTime written = FileTime.from(Instant.parse("2001-01-01T00:00:00Z"));
        Files.setLastModifiedTime(file, written);
        store.put(random(11, 100));
        assertThat(Files.getLastModifiedTime(file)).isEqualTo(written);
    }

    @Test
    void storesFilesInParts() throws IOException {
        // Given a file that is too large for one request
        byte[] content = random(12, (int) S3BlobStore.SINGLE_PUT_BYTES + 1_000_000);
        Path file = Files.write(scratch.resolve("large"), content);
        // When it is stored twice, and its content as well
        Digest digest = store.put(file);
        store.put(file);
        // Then it is there, whole
        assertThat(store.size(digest)).hasValue(content.length);
        assertThat(store.get(digest)).isEqualTo(content);
        // And so it is when it comes from memory
        store.delete(digest);
        assertThat(store.put(content)).isEqualTo(digest);
        assertThat(store.get(digest)).isEqualTo(content);
        store.delete(digest);
    }

    @Test
    void saysOfLargeBlobsTooThatItIsNotLetIn() {
        byte[] content = random(18, (int) S3BlobStore.SINGLE_PUT_BYTES + 1_000_000);
        try (S3BlobStore stranger = new S3BlobStore(settings("another-secret", "millrace"))) {
            assertThatThrownBy(() -> stranger.putSnapshot("large/one", content))
                    .satisfies(e -> assertCode(e, ErrorCode.STORE_REFUSED));
        }
        assertThat(store.listSnapshots("large/")).isEmpty();
    }

    @Test
    void replacesLargeSnapshotsInParts() {
        byte[] first = random(16, (int) S3BlobStore.SINGLE_PUT_BYTES + 1_000_000);
        byte[] second = random(17, (int) S3BlobStore.SINGLE_PUT_BYTES + 2_000_000);

        store.putSnapshot("large/one", first);
        store.putSnapshot("large/one", second);

        assertThat(store.getSnapshot("large/one")).contains(second);
        assertThat(store.listSnapshots("large/")).containsExactly("large/one");
        store.deleteSnapshot("large/one");
    }

    @Test
    void neverGivesOutOtherBytes() throws IOException {
        Digest digest = store.put(random(13, 100));
        Files.write(objects.resolve("millrace").resolve(BlobNames.blob(digest)), random(14, 100));
        assertThatThrownBy(() -> store.get(digest)).satisfies(e -> assertCode(e, ErrorCode.DIGEST_MISMATCH));
        store.delete(digest);
    }

    @Test
    void createsTheBucketOnTheFirstWrite() {
        try (S3BlobStore fresh = new S3BlobStore(settings(KEYS.secretKey(), "made-on-demand"))) {
            Digest digest = Digest.of(random(15, 10));
            assertThat(fresh.size(digest)).isEmpty();
            assertThat(fresh.listSnapshots("")).isEmpty();
            assertThat(fresh.put(random(15, 10))).isEqualTo(digest);
            assertThat(fresh.get(digest)).isEqualTo(random(15, 10));
        }
    }

    @Test
    void saysThatTheCredentialsAreRefused() {
        try (S3BlobStore wrong = new S3BlobStore(settings("another-secret", "millrace"))) {
            assertThatThrownBy(() -> wrong.put(random(16, 10)))
                    .satisfies(e -> assertCode(e, ErrorCode.STORE_REFUSED))
                    .hasMessageContaining("millrace.s3.access-key")
                    .hasMessageNotContaining("another-secret");
        }
    }

    @Test
    void saysWhatAStoreAnswersThatIsThereAndCannotWrite() throws IOException {
        byte[] body = "<Error><Code>XMinioStorageFull</Code><Message>No space left.</Message></Error>"
                .getBytes(StandardCharsets.UTF_8);
        HttpServer full = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        full.createContext("/", exchange -> {
            exchange.getRequestBody().readAllBytes();
            exchange.getResponseHeaders().set("Content-Type", "application/xml");
            exchange.sendResponseHeaders(507, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        full.start();
        URI endpoint = URI.create("http://127.0.0.1:" + full.getAddress().getPort());
        try (S3BlobStore there =
                new S3BlobStore(S3Settings.of(endpoint, KEYS.accessKey(), KEYS.secretKey(), "millrace", "us-east-1"))) {
            assertThatThrownBy(() -> there.put(random(18, 10)))
                    .satisfies(e -> assertCode(e, ErrorCode.STORE_UNAVAILABLE))
                    .hasMessageContaining("answers 507 (XMinioStorageFull: No space left.)")
                    .hasMessageNotContaining("can't be reached");
        } finally {
            full.stop(0);
        }
    }

    @Test
    void showsNothingToThoseWithoutCredentials() throws Exception {
        Digest digest = store.put(random(17, 10));
        URI object = server.endpoint().resolve("/millrace/" + BlobNames.blob(digest));
        HttpResponse<byte[]> answer = HttpClient.newHttpClient()
                .send(HttpRequest.newBuilder(object).build(), HttpResponse.BodyHandlers.ofByteArray());
        assertThat(answer.statusCode()).isBetween(400, 499);
    }

    @Test
    void failsWithinABoundedTimeWhenTheStoreIsDown() {
        // Given a server that has gone away
        EmbeddedS3 other = EmbeddedS3.startOnFreePort(scratch.resolve("other"), KEYS, "millrace");
        S3Settings gone = new S3Settings(
                other.endpoint(), KEYS.accessKey(), KEYS.secretKey(), "millrace", "us-east-1", Duration.ofSeconds(2));
        other.close();
        try (S3BlobStore down = new S3BlobStore(gone)) {
            long start = System.nanoTime();
            // When it is asked, then each method says so
            Digest digest = Digest.of("x");
            for (Runnable call : new Runnable[] {
                () -> down.put(random(1, 10)),
                () -> down.get(digest),
                () -> down.size(digest),
                () -> down.delete(digest),
                () -> down.putSnapshot("a", new byte[1]),
                () -> down.getSnapshot("a"),
                () -> down.listSnapshots("")
            }) {
                assertThatThrownBy(call::run)
                        .satisfies(e -> assertCode(e, ErrorCode.STORE_UNAVAILABLE))
                        .hasMessageContaining(gone.endpoint().toString());
            }
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(30));
        }
    }
}
