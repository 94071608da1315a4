package io.millrace.router;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millrace.testkit.EmbeddedPlatformResource;
import io.quarkus.test.common.ResourceArg;
import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Kafka and the object store aren't there, and a token is asked for. */
@QuarkusTest
@TestProfile(RouterAloneTest.Alone.class)
@WithTestResource(
        value = EmbeddedPlatformResource.class,
        initArgs = {
            @ResourceArg(name = "kafka", value = "false"),
            @ResourceArg(name = "s3", value = "false"),
            @ResourceArg(name = "millrace.base", value = "nano"),
            @ResourceArg(name = "millrace.threads", value = "1")
        })
class RouterAloneTest {
    @TestHTTPResource
    private URI root;

    private final HttpClient client = HttpClient.newHttpClient();

    public static class Alone implements QuarkusTestProfile {
        @Override
        public Map<String, String> getConfigOverrides() {
            return Map.of("millrace.token", "secret-token");
        }
    }

    private HttpResponse<String> chat(String model, String token) throws Exception {
        String body = Asking.JSON.writeValueAsString(
                Map.of("model", model, "messages", Asking.user("hello"), "max_tokens", 5));
        return client.send(
                HttpRequest.newBuilder(root.resolve("/v1/chat/completions"))
                        .header("Authorization", "Bearer " + token)
                        .POST(HttpRequest.BodyPublishers.ofString(body))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }

    @Test
    void startsAnswersWithTheBaseAndSaysWhatIsMissing() throws Exception {
        // Given
        Asking ask = new Asking(root);

        // Then
        await().atMost(Duration.ofSeconds(60))
                .untilAsserted(() ->
                        assertThat(chat("base", "secret-token").statusCode()).isEqualTo(200));
        await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> {
            Asking.Reply ready = ask.get("/q/health/ready");
            assertThat(ready.status()).isEqualTo(503);
            assertThat(ready.text()).contains("kafka", "registry", "store").doesNotContain("\"base\":");
        });
        assertThat(ask.get("/q/health/live").status()).isEqualTo(200);
        assertThat(chat("maybe/known", "secret-token").statusCode()).isEqualTo(503);
        assertThat(chat("maybe/known", "secret-token").body()).contains("not_ready");
        assertThat(chat("base", "wrong").statusCode()).isEqualTo(401);
        assertThat(ask.get("/v1/models").status()).isEqualTo(401);
    }
}
