package io.millrace.router;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.millrace.core.Digest;
import io.millrace.core.peft.PeftDirectory;
import io.millrace.proto.internal.RecipePart;
import io.millrace.registry.VersionEntry;
import io.millrace.testkit.EmbeddedPlatformResource;
import io.quarkus.test.common.ResourceArg;
import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The router over HTTP, on the nano base, a real Kafka and a real S3. */
@QuarkusTest
@WithTestResource(
        value = EmbeddedPlatformResource.class,
        initArgs = {
            @ResourceArg(name = "millrace.base", value = "nano"),
            @ResourceArg(name = "millrace.threads", value = "1"),
            @ResourceArg(name = "millrace.router.exploration", value = "0")
        })
class RouterTest {
    @TestHTTPResource
    private URI root;

    private Path scratch;
    private Asking ask;
    private Publisher publisher;

    @BeforeEach
    void connect() {
        ask = new Asking(root);
        publisher = new Publisher();
        await().atMost(Duration.ofSeconds(60))
                .until(() -> ask.get("/q/health/ready").status() == 200);
    }

    @AfterEach
    void disconnect() {
        publisher.close();
    }

    private void awaitModel(String model) {
        await().atMost(Duration.ofSeconds(20)).until(() -> ask.chat(model, "x").status() == 200);
    }

    @Test
    void everyFormOfModelAnswersWithTheVersionItNames() {
        // Given
        VersionEntry v1 = publisher.publish("forms/one", 1, true);
        VersionEntry v2 = publisher.publish("forms/one", 2, false);
        publisher.alias("forms/one", "next", v2);
        publisher.recipe(
                "forms/mix",
                RecipePart.newBuilder()
                        .setAdapter("forms/one")
                        .setRevision("v1")
                        .setWeight(0.5)
                        .build(),
                RecipePart.newBuilder()
                        .setAdapter("forms/one")
                        .setRevision("v2")
                        .setWeight(0.25)
                        .build());
        awaitModel("recipe:forms/mix");

        // Then
        Asking.Reply base = ask.chat("base", "hello");
        assertThat(base.status()).isEqualTo(200);
        assertThat(base.body().at("/millrace/adapters")).isEmpty();
        assertThat(base.headers().get("x-millrace-adapters")).containsExactly("base");
        for (String model :
                List.of("forms/one", "forms/one@champion", "forms/one@main", "forms/one@v1", "forms/one@" + v1.id())) {
            assertThat(ask.chat(model, "hello").version())
                    .as(model)
                    .isEqualTo(v1.id().hex());
        }
        for (String model :
                List.of("forms/one@next", "forms/one@v2", "forms/one.v2", "forms/one@latest", "forms/one@" + v2.id())) {
            Asking.Reply reply = ask.chat(model, "hello");
            assertThat(reply.version()).as(model).isEqualTo(v2.id().hex());
            assertThat(reply.headers().get("x-millrace-adapters")).containsExactly("forms/one@" + v2.id() + "=1.0");
        }
        assertThat(ask.chat("forms/one@v2", "hello").answer())
                .isNotEqualTo(base.answer())
                .isNotEqualTo(ask.chat("forms/one", "hello").answer());

        JsonNode mix = ask.chat("recipe:forms/mix", "hello").body().at("/millrace/adapters");
        assertThat(mix).hasSize(2);
        assertThat(mix.at("/1/weight").asDouble()).isEqualTo(0.25);
        List<String> ids = new ArrayList<>();
        ask.get("/v1/models")
                .body()
                .path("data")
                .forEach(m -> ids.add(m.path("id").asText()));
        assertThat(ids).contains("auto", "base", "forms/one", "recipe:forms/mix");
        assertThat(ask.get("/v1/models/forms/one").body().path("version").asText())
                .isEqualTo(v1.id().hex());
    }

    @Test
    void inlineAdaptersAreComposedByWeight() {
        // Given
        publisher.publish("inline/a", 3, true);
        publisher.publish("inline/b", 4, true);
        awaitModel("inline/b");
        Map<String, Object> request =
                new HashMap<>(Map.of("model", "auto", "messages", Asking.user("compose"), "max_tokens", 12));

        // When
        request.put(
                "adapters",
                List.of(Map.of("name", "inline/a", "weight", 0), Map.of("name", "inline/b@v1", "weight", 1)));
        Asking.Reply onlyB = ask.post("/v1/chat/completions", request);
        request.put(
                "adapters",
                List.of(Map.of("name", "inline/a", "weight", 0.6), Map.of("name", "inline/b", "weight", 0.4)));
        Asking.Reply both = ask.post("/v1/chat/completions", request);

        // Then
        assertThat(onlyB.answer()).isEqualTo(ask.chat("inline/b", "compose").answer());
        assertThat(both.answer()).isNotEqualTo(onlyB.answer());
        assertThat(both.body().at("/millrace/adapters/0/weight").asDouble()).isEqualTo(0.6);
        assertThat(both.step()).isEqualTo("explicit");
    }

    @Test
    void aStreamSaysWhatTheWholeAnswerSays() {
        // Given
        publisher.publish("stream/a", 5, true);
        awaitModel("stream/a");
        Map<String, Object> request = new HashMap<>(Map.of(
                "model",
                "stream/a",
                "messages",
                Asking.user("tell me"),
                "max_tokens",
                40,
                "temperature",
                0.8,
                "seed",
                11,
                "logprobs",
                true,
                "top_logprobs",
                2));
        Asking.Reply whole = ask.post("/v1/chat/completions", request);

        // When
        request.put("stream", true);
        request.put("stream_options", Map.of("include_usage", true));
        Asking.Reply stream = ask.post("/v1/chat/completions", request);

        // Then
        List<JsonNode> chunks = chunks(stream);
        assertThat(stream.headers().get("content-type").get(0)).startsWith("text/event-stream");
        assertThat(stream.headers().get("x-millrace-adapters").get(0)).startsWith("stream/a@");
        assertThat(chunks.get(0).at("/millrace/decision_id").asText()).isNotEmpty();
        assertThat(chunks.get(0).at("/choices/0/delta/role").asText()).isEqualTo("assistant");
        StringBuilder text = new StringBuilder();
        List<JsonNode> logprobs = new ArrayList<>();
        chunks.forEach(c -> {
            text.append(c.at("/choices/0/delta/content").asText(""));
            c.at("/choices/0/logprobs/content").forEach(logprobs::add);
        });
        assertThat(text.toString()).isEqualTo(whole.answer()).isNotEmpty();
        JsonNode wholeLogprobs = whole.body().at("/choices/0/logprobs/content");
        assertThat(logprobs).hasSize(wholeLogprobs.size());
        assertThat(logprobs.get(0)).isEqualTo(wholeLogprobs.get(0));
        assertThat(wholeLogprobs.at("/0/top_logprobs")).hasSize(2);
        assertThat(chunks.get(chunks.size() - 2).at("/choices/0/finish_reason").asText())
                .isEqualTo(whole.body().at("/choices/0/finish_reason").asText());
        assertThat(chunks.get(chunks.size() - 1).path("usage"))
                .isEqualTo(whole.body().path("usage"));
    }

    @Test
    void textCompletionsContinueThePromptAndStopWhereTold() {
        // Given
        Map<String, Object> request = new HashMap<>(Map.of("model", "base", "prompt", "once upon", "max_tokens", 30));
        String whole = ask.post("/v1/completions", request)
                .body()
                .at("/choices/0/text")
                .asText();
        assertThat(whole.length()).isGreaterThan(4);
        String stop = whole.substring(2, 4);

        // When
        request.put("stop", stop);
        Asking.Reply stopped = ask.post("/v1/completions", request);
        request.put("stream", true);
        StringBuilder streamed = new StringBuilder();
        chunks(ask.post("/v1/completions", request))
                .forEach(c -> streamed.append(c.at("/choices/0/text").asText("")));

        // Then
        assertThat(stopped.body().at("/choices/0/text").asText())
                .isEqualTo(whole.substring(0, whole.indexOf(stop)))
                .isEqualTo(streamed.toString());
        assertThat(stopped.body().at("/choices/0/finish_reason").asText()).isEqualTo("stop");
    }

    /** The events of a stream, which must end in {@code [DONE]}. */
    private static List<JsonNode> chunks(Asking.Reply stream) {
        assertThat(stream.status()).isEqualTo(200);
        assertThat(stream.text()).endsWith("data: [DONE]\n\n");
        List<JsonNode> chunks = new ArrayList<>();
        for (String event : stream.text().split("\n\n", -1)) {
            if (event.startsWith("data: {")) {
                try {
                    chunks.add(Asking.JSON.readTree(event.substring("data: ".length())));
                } catch (IOException e) {
                    throw new AssertionError(event, e);
                }
            }
        }
        return chunks;
    }

    @Test
    void aNewChampionAnswersWithoutARestart() {
        // Given
        VersionEntry v1 = publisher.publish("champion/a", 6, true);
        awaitModel("champion/a");
        assertThat(ask.chat("champion/a", "hello").version()).isEqualTo(v1.id().hex());

        // When
        VersionEntry v2 = publisher.publish("champion/a", 7, true);

        // Then
        await().atMost(Duration.ofSeconds(10))
                .until(() ->
                        ask.chat("champion/a", "hello").version().equals(v2.id().hex()));
        assertThat(ask.chat("champion/a@v1", "hello").version())
                .isEqualTo(v1.id().hex());
    }

    @Test
    void contentThatDoesNotMatchItsDigestIsNeverServed() throws Exception {
        // Given
        PeftDirectory.Version version = publisher.version("tampered/a", 8);
        Digest weights = Digest.of(version.files().get(PeftDirectory.WEIGHTS));
        VersionEntry good = publisher.publish("tampered/a", 9, true);
        awaitModel("tampered/a");
        VersionEntry bad = publisher.publish("tampered/a", version, false);
        Path file = scratch.resolve("s3/millrace/blobs/sha256")
                .resolve(weights.hex().substring(0, 2))
                .resolve(weights.hex());
        byte[] content = Files.readAllBytes(file);
        content[content.length - 1] ^= 1;
        Files.write(file, content);

        // When
        await().until(() -> ask.chat("tampered/a@v2", "hello").status() != 404);
        Asking.Reply refused = ask.chat("tampered/a@v2", "hello");

        // Then
        assertThat(refused.status()).isEqualTo(422);
        assertThat(refused.body().path("code").asText()).isEqualTo("digest_mismatch");
        assertThat(refused.body().at("/error/code").asText()).isEqualTo("digest_mismatch");

        // When it becomes champion all the same
        publisher.alias("tampered/a", "champion", bad);

        // Then the one before goes on, and readiness says so
        await().atMost(Duration.ofSeconds(10))
                .until(() -> ask.get("/q/health/ready").text().contains("behind: tampered/a"));
        assertThat(ask.chat("tampered/a", "hello").version())
                .isEqualTo(good.id().hex());
        assertThat(ask.metric("millrace_router_champions_behind")).isEqualTo(1);
        publisher.alias("tampered/a", "champion", good);
        await().atMost(Duration.ofSeconds(10))
                .until(() -> !ask.get("/q/health/ready").text().contains("behind"));
    }

    @Test
    void aRetiredVersionTakesNoNewRequests() {
        // Given
        publisher.publish("retired/a", 10, true);
        VersionEntry v2 = publisher.publish("retired/a", 11, false);
        awaitModel("retired/a@v2");

        // When
        publisher.retire(v2);

        // Then
        await().atMost(Duration.ofSeconds(10))
                .until(() -> ask.chat("retired/a@v2", "hello").status() == 410);
        assertThat(ask.chat("retired/a@v2", "hello").body().path("code").asText())
                .isEqualTo("version_retired");
        assertThat(ask.chat("retired/a", "hello").status()).isEqualTo(200);
    }

    @Test
    void autoPicksByPrototypesAbstainsAndLearnsFromCorrections() {
        // Given
        VersionEntry lights = publisher.publish(
                "auto/lights", 12, true, "turn on the lamp", "dim the bedroom lights", "switch off all the lights");
        publisher.publish(
                "auto/travel", 13, true, "book a flight to Rome", "I need a hotel in Oslo", "when does my train leave");
        await().atMost(Duration.ofSeconds(20))
                .until(() -> ask.post("/v1/select", Map.of("text", "turn on the lamp"))
                                .body()
                                .path("from")
                                .size()
                        == 2);

        // When
        Asking.Reply answer = ask.chat("auto", "please turn the kitchen lights on");
        Asking.Reply stray = ask.chat("auto", "prove that the square root of two is irrational");
        Asking.Reply selected = ask.post("/v1/select", Map.of("messages", Asking.user("book me a flight to Oslo")));

        // Then
        assertThat(answer.step()).isEqualTo("prototypes");
        assertThat(answer.version()).isEqualTo(lights.id().hex());
        assertThat(answer.body().at("/millrace/propensity").asDouble())
                .isLessThan(1)
                .isCloseTo(1, within(0.01));
        assertThat(stray.step()).isEqualTo("base");
        assertThat(stray.body().at("/millrace/adapters")).isEmpty();
        assertThat(selected.body().at("/adapters/0/name").asText()).isEqualTo("auto/travel");
        assertThat(selected.body().path("choices").isMissingNode()).isTrue();

        // When
        String id = answer.body().at("/millrace/decision_id").asText();
        Asking.Reply accepted = ask.post(
                "/v1/feedback", Map.of("decision_id", id, "score", 0.2, "preferred", "The kitchen lights are on."));

        // Then
        assertThat(accepted.status()).isEqualTo(202);
        assertThat(accepted.body().path("example").asText()).isEqualTo("feedback:" + id);
        JsonNode example = record("millrace.examples", "feedback:" + id);
        assertThat(example.path("adapter").asText()).isEqualTo("auto/lights");
        assertThat(example.at("/messages/0/content").asText()).isEqualTo("please turn the kitchen lights on");
        assertThat(example.at("/messages/1/content").asText()).isEqualTo("The kitchen lights are on.");
        assertThat(record("millrace.decisions", id).path("step").asText()).isEqualTo("prototypes");
        assertThat(record("millrace.feedback", id).path("score").asDouble()).isEqualTo(0.2);
        assertThat(ask.post("/v1/feedback", Map.of("decision_id", "nobody", "score", 1))
                        .status())
                .isEqualTo(404);
        assertThat(ask.post("/v1/feedback", Map.of("decision_id", id, "score", 2))
                        .status())
                .isEqualTo(400);
    }

    /** The first record of the topic that mentions the text. */
    private static JsonNode record(String topic, String text) {
        Map<String, Object> properties = Publisher.kafka().clientProperties();
        try (var consumer = new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            List<TopicPartition> partitions = consumer.partitionsFor(topic).stream()
                    .map(p -> new TopicPartition(p.topic(), p.partition()))
                    .toList();
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            List<JsonNode> found = new ArrayList<>();
            await().atMost(Duration.ofSeconds(20)).until(() -> {
                for (var message : consumer.poll(Duration.ofMillis(200))) {
                    String value = new String(message.value(), StandardCharsets.UTF_8);
                    if (value.contains(text)) {
                        found.add(Asking.JSON.readTree(value));
                    }
                }
                return !found.isEmpty();
            });
            return found.get(0);
        }
    }

    @Test
    void aClientThatHangsUpMidStreamFreesItsRow() throws Exception {
        // Given answers of 900 tokens; one may be through before its client has hung up, so it is tried again
        Map<String, Object> request =
                new HashMap<>(Map.of("model", "base", "messages", Asking.user("go on and on"), "max_tokens", 900));
        assertThat(ask.post("/v1/chat/completions", request)
                        .body()
                        .at("/usage/completion_tokens")
                        .asInt())
                .isEqualTo(900);
        request.put("stream", true);
        String body = Asking.JSON.writeValueAsString(request);
        String cancelled = "millrace_router_requests_total{outcome=\"cancelled\"";
        double tokensBefore = ask.metric("millrace_router_tokens_total{kind=\"generated\"");

        // When
        await().atMost(Duration.ofSeconds(30))
                .pollInterval(Duration.ofMillis(20))
                .until(() -> {
                    hangUpAfterTheFirstChunk(body);
                    await().atMost(Duration.ofSeconds(10)).until(() -> ask.metric("millrace_router_rows_active") == 0);
                    return ask.metric(cancelled) > 0;
                });

        // Then the last one was cut short
        double tokens = ask.metric("millrace_router_tokens_total{kind=\"generated\"") - tokensBefore;
        assertThat(tokens % 900).isNotZero();
    }

    @Test
    void aClientOfHttp2ThatStopsReadingAtDoneKeepsItsConnection() throws Exception {
        // Given a client that has all its requests on one connection
        HttpClient client = HttpClient.newHttpClient();
        HttpRequest request = HttpRequest.newBuilder(root.resolve("/v1/chat/completions"))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(Asking.JSON.writeValueAsString(
                        Map.of("model", "base", "messages", Asking.user("hello"), "max_tokens", 2, "stream", true))))
                .build();

        // When it closes each answer as soon as it has read [DONE], before it knows that nothing follows
        for (int i = 0; i < 300; i++) {
            HttpResponse<Stream<String>> response = client.send(request, HttpResponse.BodyHandlers.ofLines());
            assertThat(response.version()).isEqualTo(HttpClient.Version.HTTP_2);
            try (Stream<String> lines = response.body()) {
                assertThat(lines.anyMatch("data: [DONE]"::equals)).isTrue();
            }
        }

        // Then no request found it closed: send() would have thrown
    }

    private void hangUpAfterTheFirstChunk(String body) throws IOException {
        try (Socket socket = new Socket(root.getHost(), root.getPort())) {
            OutputStream out = socket.getOutputStream();
            out.write(("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                            + "Content-Length: " + body.length() + "\r\n\r\n" + body)
                    .getBytes(StandardCharsets.UTF_8));
            out.flush();
            byte[] start = socket.getInputStream().readNBytes(400);
            assertThat(new String(start, StandardCharsets.UTF_8)).contains("200 OK", "data: {");
        }
    }

    @Test
    void errorsAreProblemDocumentsThatOpenAiClientsUnderstand() {
        assertProblem(ask.chat("no/such", "x"), 404, "unknown_model");
        assertProblem(ask.chat("gpt-4o", "x"), 404, "unknown_model");
        assertProblem(ask.post("/v1/chat/completions", "{\"messages\""), 400, "malformed_json");
        assertProblem(
                ask.post("/v1/chat/completions", Map.of("messages", Asking.user("x"), "n", 3)),
                400,
                "unsupported_parameter");
        assertProblem(ask.chat("base", "far too long ".repeat(1000)), 400, "context_length_exceeded");
        assertProblem(ask.post("/v1/completions", Map.of("prompt", "")), 400, "bad_request");
        assertProblem(ask.get("/v1/models/no/such"), 404, "unknown_model");
        assertProblem(ask.post("/v1/embeddings", Map.of("input", "x")), 404, "unknown_path");
        assertProblem(ask.get("/v1/chat/completions"), 405, "method_not_allowed");
        for (Map<String, Object> wrong : List.<Map<String, Object>>of(
                Map.of("temperature", -1),
                Map.of("top_p", 2),
                Map.of("max_tokens", 0),
                Map.of("max_completion_tokens", "many"),
                Map.of("seed", "x"),
                Map.of("stop", List.of("")),
                Map.of("top_logprobs", 2),
                Map.of("stream", "yes"),
                Map.of("adapters", List.of(Map.of("weight", 1))))) {
            Map<String, Object> request = new HashMap<>(Map.of("model", "base", "messages", Asking.user("x")));
            request.putAll(wrong);
            assertProblem(ask.post("/v1/chat/completions", request), 400, "bad_request");
        }
        assertThat(ask.get("/q/openapi").text()).contains("/v1/chat/completions");
    }

    private static void assertProblem(Asking.Reply reply, int status, String code) {
        assertThat(reply.status()).as(reply.text()).isEqualTo(status);
        assertThat(reply.headers().get("content-type").get(0)).startsWith("application/problem+json");
        assertThat(reply.body().path("code").asText()).isEqualTo(code);
        assertThat(reply.body().at("/error/code").asText()).isEqualTo(code);
        assertThat(reply.body().at("/error/message").asText()).isNotEmpty();
    }
}
