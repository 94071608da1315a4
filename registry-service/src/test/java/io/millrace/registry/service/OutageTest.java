package io.millrace.registry.service;

import static io.restassured.RestAssured.get;
import static io.restassured.RestAssured.given;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;

import io.millrace.embedded.EmbeddedKafka;
import io.millrace.embedded.EmbeddedS3;
import io.millrace.testkit.EmbeddedPlatformResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import io.restassured.response.ValidatableResponse;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Kafka and the store go away while a registry runs, and come back. */
@QuarkusTest
@TestProfile(OutageTest.OwnPlatform.class)
class OutageTest {
    private static final Duration PATIENCE = Duration.ofSeconds(90);
    private static final String ADAPTER = "outage/a";

    EmbeddedKafka kafka;
    EmbeddedS3 s3;
    Path scratch;

    /** A platform that no other test uses. */
    public static final class OwnPlatform implements QuarkusTestProfile {
        @Override
        public List<TestResourceEntry> testResources() {
            return List.of(new TestResourceEntry(EmbeddedPlatformResource.class));
        }
    }

    @Test
    void readinessSaysWhatIsAwayAndReadsGoOn() throws IOException {
        // Given
        awaitReady(200);
        TinyAdapter.registerBase();
        TinyAdapter.publish(ADAPTER, 1);

        // When the store goes away
        s3.close();

        // Then
        awaitReady(503).body("checks.find { it.name == 'registry' }.data.store", containsString("can't be reached"));
        get("/api/v1/adapters/" + ADAPTER).then().statusCode(200);
        get("/" + ADAPTER + "/resolve/main/README.md")
                .then()
                .statusCode(503)
                .body("code", equalTo("store_unavailable"))
                .body("retryable", equalTo(true));

        // When it is back, and Kafka goes away
        try (EmbeddedS3 back = EmbeddedS3.start(scratch.resolve("s3"), s3.port(), s3.credentials(), s3.bucket())) {
            awaitReady(200);
            get("/" + ADAPTER + "/resolve/main/README.md").then().statusCode(200);
            kafka.close();

            // Then
            awaitReady(503).body("checks.find { it.name == 'registry' }.data.log", containsString("can't be reached"));
            get("/api/v1/adapters/" + ADAPTER).then().statusCode(200);
            given().post("/api/v1/adapters/" + ADAPTER + "/pause")
                    .then()
                    .statusCode(503)
                    .body("code", equalTo("kafka_unavailable"))
                    .body("retryable", equalTo(true));

            // When that is back too
            try (EmbeddedKafka again = EmbeddedKafka.start(scratch.resolve("kafka"), kafka.port(), freePort())) {
                awaitReady(200);
                given().post("/api/v1/adapters/" + ADAPTER + "/pause")
                        .then()
                        .statusCode(200)
                        .body("paused", equalTo(true));
            }
        }
    }

    private static ValidatableResponse awaitReady(int status) {
        await().atMost(PATIENCE).until(() -> get("/q/health/ready").statusCode() == status);
        return get("/q/health/ready").then();
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }
}
