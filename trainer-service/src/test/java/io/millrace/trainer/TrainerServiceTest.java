package io.millrace.trainer;

import static io.restassured.RestAssured.get;
import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.hasSize;

import io.millrace.core.BaseDescriptionJson;
import io.millrace.proto.internal.PutAdapter;
import io.millrace.proto.internal.RegistryRecord;
import io.millrace.registry.BaseEntry;
import io.millrace.registry.KafkaRegistryLog;
import io.millrace.registry.SnapshotStore;
import io.millrace.testkit.EmbeddedPlatformResource;
import io.millrace.topics.KafkaSettings;
import io.millrace.trainer.outcome.DeadLetter;
import io.quarkus.test.common.ResourceArg;
import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.http.ContentType;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.eclipse.microprofile.config.ConfigProvider;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The trainer as a service of its own, on the base nano, a real Kafka and a real S3. */
@QuarkusTest
@WithTestResource(
        value = EmbeddedPlatformResource.class,
        initArgs = {
            @ResourceArg(name = "millrace.base", value = "nano"),
            @ResourceArg(name = "millrace.threads", value = "1"),
            @ResourceArg(name = "millrace.trainer.create-on-first-use", value = "false")
        })
class TrainerServiceTest {
    private static final Duration PATIENCE = Duration.ofSeconds(90);

    @BeforeEach
    void ready() {
        await().atMost(PATIENCE).until(() -> get("/q/health/ready").statusCode() == 200);
    }

    @Test
    void healthMetricsStatusAndOpenApiAreServed() {
        get("/q/health/live").then().statusCode(200);
        get("/q/health/ready")
                .then()
                .body("checks.find { it.name == 'trainer' }.data.store", equalTo("works"))
                .body("checks.find { it.name == 'trainer' }.data.registry", equalTo("works"))
                .body("checks.find { it.name == 'trainer' }.data.curator", equalTo("works"))
                .body("checks.find { it.name == 'trainer' }.data.worker", equalTo("works"));
        await().atMost(PATIENCE)
                .untilAsserted(
                        () -> get("/q/metrics").then().statusCode(200).body(containsString("millrace_trainer_lag")));
        get("/api/v1/trainer/status")
                .then()
                .statusCode(200)
                .body("worker", equalTo("worker-0"))
                .body("ready", equalTo(true))
                .body("waitingFor.store", equalTo(""));
        get("/q/openapi").then().statusCode(200).body(containsString("/api/v1/trainer/status"));
    }

    @Test
    void theBaseIsRegisteredAsTheTrainerStarts() {
        try (KafkaRegistryLog registry = KafkaRegistryLog.start(kafka(), SnapshotStore.none())) {
            await().atMost(PATIENCE).until(() -> !registry.view().bases().isEmpty());

            BaseEntry base = registry.view().bases().get(0);
            assertThat(base.name()).isEqualTo("nano");
            assertThat(BaseDescriptionJson.read(base.descriptionJson()).id()).isEqualTo(base.id());
        }
    }

    @Test
    void whatIsRefusedIsAProblemDocument() {
        given().post("/api/v1/trainer/adapters/no/such/cut")
                .then()
                .statusCode(404)
                .contentType("application/problem+json")
                .body("code", equalTo("unknown_adapter"))
                .body("retryable", equalTo(false));
        given().post("/api/v1/trainer/adapters/bad--name/x/cut")
                .then()
                .statusCode(400)
                .body("code", equalTo("bad_adapter_name"));
        get("/api/v1/trainer/nothing").then().statusCode(404).body("code", equalTo("unknown_path"));
        given().delete("/api/v1/trainer/status").then().statusCode(405).body("code", equalTo("method_not_allowed"));
    }

    @Test
    void everyKindOfBadRecordBecomesADeadLetterAndStopsNothing() {
        // Given an adapter, and a record for each code; adapters aren't created on first use here
        createAdapter("bad/known");
        Map<String, String> records = new LinkedHashMap<>();
        records.put("malformed_json", "{\"adapter\": \"bad/known\", \"prompt\": ");
        records.put("missing_adapter", "{\"prompt\": \"p\", \"completion\": \"c\"}");
        records.put("bad_adapter_name", "{\"adapter\": \"bad/known.v7\", \"prompt\": \"p\", \"completion\": \"c\"}");
        records.put("unknown_adapter", "{\"adapter\": \"bad/unknown\", \"prompt\": \"p\", \"completion\": \"c\"}");
        records.put("no_content", "{\"adapter\": \"bad/known\"}");
        records.put(
                "bad_role_order",
                "{\"adapter\": \"bad/known\", \"messages\": [{\"role\": \"user\", \"content\": \"p\"}]}");
        records.put(
                "too_long",
                "{\"adapter\": \"bad/known\", \"prompt\": \"p\", \"completion\": \"" + "far too long ".repeat(600)
                        + "\"}");
        records.put("no_trainable_tokens", "{\"adapter\": \"bad/known\", \"text\": \"a\"}"); // nothing predicts it
        records.put(
                "id_reused",
                "{\"adapter\": \"bad/known\", \"id\": \"same\", \"prompt\": \"p\", \"completion\": \"other\"}");

        // Then asking beforehand tells each code but that of the id, which the others must be known for
        await().atMost(PATIENCE).untilAsserted(() -> assertThat(foreseen(records.values()))
                .containsExactly(
                        "malformed_json",
                        "missing_adapter",
                        "bad_adapter_name",
                        "unknown_adapter",
                        "no_content",
                        "bad_role_order",
                        "too_long",
                        "no_trainable_tokens",
                        null));

        // When they come between good ones
        produce("{\"adapter\": \"bad/known\", \"id\": \"same\", \"prompt\": \"p\", \"completion\": \"c\"}");
        records.values().forEach(TrainerServiceTest::produce);
        produce("{\"adapter\": \"bad/known\", \"prompt\": \"the last\", \"completion\": \"c\"}");

        // Then each is kept as it came, with its reason and its place
        List<ConsumerRecord<byte[], byte[]>> letters = new ArrayList<>();
        try (KafkaConsumer<byte[], byte[]> consumer = deadLetters()) {
            await().atMost(PATIENCE).until(() -> {
                consumer.poll(Duration.ofMillis(100)).forEach(letters::add);
                return letters.size() >= records.size();
            });
        }
        Map<String, String> kept = new LinkedHashMap<>();
        letters.forEach(l -> kept.put(header(l, DeadLetter.CODE), new String(l.value(), StandardCharsets.UTF_8)));
        assertThat(kept).containsExactlyInAnyOrderEntriesOf(records);
        assertThat(letters).allSatisfy(l -> {
            assertThat(header(l, DeadLetter.MESSAGE)).isNotBlank();
            assertThat(header(l, DeadLetter.TOPIC)).isEqualTo("millrace.examples");
            assertThat(header(l, DeadLetter.PARTITION)).matches("[0-9]+");
            assertThat(header(l, DeadLetter.OFFSET)).matches("[0-9]+");
            assertThat(l.key()).isEqualTo("k".getBytes(StandardCharsets.UTF_8));
        });
        // And the good ones are trained
        await().atMost(PATIENCE).untilAsserted(() -> get("/api/v1/trainer/status")
                .then()
                .body("adapters.findAll { it.name == 'bad/known' }", hasSize(1))
                .body("adapters.find { it.name == 'bad/known' }.examples", equalTo(2)));
    }

    private static List<String> foreseen(Collection<String> records) {
        return given().contentType(ContentType.JSON)
                .body(Map.of("records", records))
                .post("/api/v1/trainer/examples/check")
                .then()
                .statusCode(200)
                .extract()
                .path("records.code");
    }

    private static void createAdapter(String name) {
        try (KafkaRegistryLog registry = KafkaRegistryLog.start(kafka(), SnapshotStore.none())) {
            await().atMost(PATIENCE).until(registry::ready);
            registry.submit(RegistryRecord.newBuilder()
                            .setCommandId("create " + name)
                            .setPutAdapter(PutAdapter.newBuilder().setAdapter(name))
                            .build())
                    .join();
        }
    }

    private static KafkaSettings kafka() {
        return new KafkaSettings(
                config("millrace.kafka.bootstrap-servers"),
                KafkaSettings.DEFAULT_PREFIX,
                Integer.parseInt(config("millrace.kafka.partitions")),
                Map.of());
    }

    private static String config(String key) {
        return ConfigProvider.getConfig().getValue(key, String.class);
    }

    private static void produce(String record) {
        try (var producer =
                new KafkaProducer<>(kafka().clientProperties(), new StringSerializer(), new StringSerializer())) {
            var unused = producer.send(new ProducerRecord<>("millrace.examples", "k", record));
        }
    }

    private static KafkaConsumer<byte[], byte[]> deadLetters() {
        Map<String, Object> properties = kafka().clientProperties();
        properties.put(ConsumerConfig.GROUP_ID_CONFIG, "dead-letters");
        properties.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        properties.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
        KafkaConsumer<byte[], byte[]> consumer =
                new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer());
        consumer.subscribe(List.of("millrace.examples.dlq"));
        return consumer;
    }

    private static String header(ConsumerRecord<byte[], byte[]> letter, String name) {
        return new String(letter.headers().lastHeader(name).value(), StandardCharsets.UTF_8);
    }
}
