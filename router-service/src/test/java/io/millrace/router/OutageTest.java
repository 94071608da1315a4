package io.millrace.router;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millrace.embedded.EmbeddedKafka;
import io.millrace.embedded.EmbeddedS3;
import io.millrace.registry.VersionEntry;
import io.millrace.testkit.EmbeddedPlatformResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Kafka and the store go away while a router runs, and come back. */
@QuarkusTest
@TestProfile(OutageTest.OwnPlatform.class)
class OutageTest {
    private static final Duration PATIENCE = Duration.ofSeconds(90);
    private static final String ADAPTER = "outage/a";

    @TestHTTPResource
    URI root;

    EmbeddedKafka kafka;
    EmbeddedS3 s3;
    Path scratch;

    /** A platform that no other test uses. */
    public static final class OwnPlatform implements QuarkusTestProfile {
        @Override
        public List<TestResourceEntry> testResources() {
            return List.of(new TestResourceEntry(
                    EmbeddedPlatformResource.class, Map.of("millrace.base", "nano", "millrace.threads", "1")));
        }
    }

    @Test
    void whatWasLoadedIsAnsweredWhateverIsAway() throws IOException {
        // Given an adapter that was asked once
        Asking ask = new Asking(root);
        awaitReady(ask, 200, "base-id");
        VersionEntry loaded;
        try (Publisher publisher = new Publisher()) {
            loaded = publisher.publish(ADAPTER, 1, true);
        }
        await().atMost(PATIENCE).until(() -> ask.chat(ADAPTER, "x").status() == 200);

        // When the store goes away
        s3.close();

        // Then readiness says so, and the adapter answers
        awaitReady(ask, 503, "\"store\"");
        assertThat(ask.chat(ADAPTER, "hello").version()).isEqualTo(loaded.id().hex());

        // When it is back, and Kafka goes away
        try (EmbeddedS3 back = EmbeddedS3.start(scratch.resolve("s3"), s3.port(), s3.credentials(), s3.bucket())) {
            awaitReady(ask, 200, "base-id");
            kafka.close();

            // Then readiness says so, and requests are answered all the same
            awaitReady(ask, 200, "\"kafka\"");
            assertThat(ask.chat(ADAPTER, "hello").version())
                    .isEqualTo(loaded.id().hex());
            assertThat(ask.chat("base", "hello").status()).isEqualTo(200);

            // When that is back too, a new version is answered with
            try (EmbeddedKafka again = EmbeddedKafka.start(scratch.resolve("kafka"), kafka.port(), freePort());
                    Publisher publisher = new Publisher()) {
                VersionEntry next = publisher.publish(ADAPTER, 2, true);
                await().atMost(PATIENCE).until(() -> ask.chat(ADAPTER, "hello")
                        .version()
                        .equals(next.id().hex()));
                await().atMost(PATIENCE)
                        .until(() -> !ask.get("/q/health/ready").text().contains("\"kafka\""));
            }
        }
    }

    private static void awaitReady(Asking ask, int status, String says) {
        await().atMost(PATIENCE).untilAsserted(() -> {
            Asking.Reply ready = ask.get("/q/health/ready");
            assertThat(ready.status()).isEqualTo(status);
            assertThat(ready.text()).contains(says);
        });
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }
}
