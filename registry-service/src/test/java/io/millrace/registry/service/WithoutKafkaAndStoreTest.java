package io.millrace.registry.service;

import static io.restassured.RestAssured.get;
import static io.restassured.RestAssured.given;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;

import io.millrace.testkit.EmbeddedPlatformResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** A registry with a token whose Kafka and store can't be reached. */
@QuarkusTest
@TestProfile(WithoutKafkaAndStoreTest.Alone.class)
class WithoutKafkaAndStoreTest {

    /** Neither Kafka nor a store. */
    public static final class Alone implements QuarkusTestProfile {
        @Override
        public List<TestResourceEntry> testResources() {
            return List.of(new TestResourceEntry(
                    EmbeddedPlatformResource.class,
                    Map.of("kafka", "false", "s3", "false", "millrace.token", "open sesame")));
        }
    }

    @Test
    void itStartsAndSaysWhatItWaitsFor() {
        get("/q/health/live").then().statusCode(200);
        get("/q/health/ready")
                .then()
                .statusCode(503)
                .body("checks.find { it.name == 'registry' }.status", equalTo("DOWN"));
        given().header("Authorization", "Bearer open sesame")
                .get("/api/v1/adapters")
                .then()
                .statusCode(503)
                .header("Retry-After", equalTo("1"))
                .body("code", equalTo("not_ready"))
                .body("retryable", equalTo(true));
        get("/api/v1/info").then().statusCode(200).body("registry.ready", equalTo(false));
    }

    @Test
    void withoutItsTokenItAnswersNothing() {
        get("/api/v1/adapters")
                .then()
                .statusCode(401)
                .body("code", equalTo("unauthorized"))
                .body("detail", containsString("Bearer"));
        given().header("Authorization", "Bearer wrong")
                .get("/api/models/a/b")
                .then()
                .statusCode(401);
        given().head("/a/b/resolve/main/x").then().statusCode(401);
    }
}
