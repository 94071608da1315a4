package io.millrace.trainer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.embedded.EmbeddedKafka;
import io.millrace.embedded.EmbeddedS3;
import io.millrace.proto.internal.JournalRecord;
import io.millrace.proto.internal.PlannedRecord;
import io.millrace.proto.internal.RegistryRecord;
import io.millrace.registry.CommandOutcome;
import io.millrace.registry.KafkaRegistryLog;
import io.millrace.store.BlobStore;
import io.millrace.store.S3BlobStore;
import io.millrace.store.S3Settings;
import io.millrace.topics.KafkaSettings;
import io.millrace.topics.TopicBootstrap;
import io.millrace.trainer.outcome.DeadLetter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.function.UnaryOperator;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** A real Kafka, a real S3, the registry's log and the base nano, with eyes on what the trainers write. */
final class Platform implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final EmbeddedS3.Credentials CREDENTIALS = new EmbeddedS3.Credentials("millrace", "millrace-secret");

    private final Path directory;
    private EmbeddedKafka broker;
    private EmbeddedS3 s3;
    private final KafkaProducer<byte[], byte[]> producer;
    final KafkaSettings kafka;
    final BlobStore store;
    final KafkaRegistryLog registry;

    Platform(Path directory, int partitions) {
        this.directory = directory;
        this.broker = EmbeddedKafka.startOnFreePorts(directory.resolve("kafka"));
        this.s3 = EmbeddedS3.startOnFreePort(directory.resolve("s3"), CREDENTIALS, "millrace");
        this.kafka = new KafkaSettings(broker.bootstrapServers(), "t.", partitions, Map.of());
        createTopics();
        this.store = store();
        this.registry = KafkaRegistryLog.start(kafka, new BlobSnapshots(store));
        Map<String, Object> properties = kafka.clientProperties();
        properties.put(ProducerConfig.KEY_SERIALIZER_CLASS_CONFIG, ByteArraySerializer.class);
        properties.put(ProducerConfig.VALUE_SERIALIZER_CLASS_CONFIG, ByteArraySerializer.class);
        this.producer = new KafkaProducer<>(properties);
    }

    void stopStore() {
        s3.close();
    }

    void startStore() {
        s3 = EmbeddedS3.start(directory.resolve("s3"), s3.port(), CREDENTIALS, "millrace");
    }

    void stopKafka() {
        broker.close();
    }

    void startKafka() {
        broker = EmbeddedKafka.start(directory.resolve("kafka"), broker.port(), freePort());
    }

    private static int freePort() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void createTopics() {
        try {
            TopicBootstrap.ensure(kafka, kafka.specs());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    BlobStore store() {
        return new S3BlobStore(s3Settings());
    }

    private S3Settings s3Settings() {
        return S3Settings.of(
                s3.endpoint(), s3.credentials().accessKey(), s3.credentials().secretKey(), s3.bucket(), "us-east-1");
    }

    Engines engines() {
        return new Engines(directory.resolve("bases"), "nano", "cpu", 1, "f32");
    }

    /** A trainer of its own, started. */
    Trainer trainer(String workerId) {
        Trainer trainer = trainer(workerId, registry);
        trainer.start();
        return trainer;
    }

    /** As a service runs it, started: with a log and a store of its own. */
    TrainerProcess process(String workerId) {
        BlobStore own = store();
        KafkaRegistryLog log = new KafkaRegistryLog(kafka, new BlobSnapshots(own), 1_000);
        TrainerProcess process = new TrainerProcess(trainer(workerId, log), log, own);
        process.start();
        return process;
    }

    private Trainer trainer(String workerId, KafkaRegistryLog log) {
        return TestTrainer.of(kafka, store, log, directory, workerId, Clock.systemUTC());
    }

    /** With a store and a clock of the test's making, started. */
    Trainer trainer(String workerId, BlobStore through, Clock clock) {
        Trainer trainer = TestTrainer.of(kafka, through, registry, directory, workerId, clock);
        trainer.start();
        return trainer;
    }

    /** A trainer in a process of its own. */
    ChildTrainer child(String workerId, Map<String, String> environment) throws IOException {
        return ChildTrainer.start(kafka, s3Settings(), directory, workerId, environment);
    }

    /** Each example that was accepted stands in one committed round, and in one outcome; returns how many. */
    int assertEachTrainedOnce() {
        Map<String, List<PlannedRecord>> pending = new HashMap<>();
        List<String> trained = new ArrayList<>();
        for (JournalRecord record : journal()) {
            if (record.hasRoundPlanned()) {
                pending.put(record.getAdapter(), record.getRoundPlanned().getRecordsList());
            } else if (record.hasRoundCommitted()) {
                pending.get(record.getAdapter()).stream()
                        .filter(r -> r.getDisposition() != PlannedRecord.Disposition.REJECTED)
                        .forEach(r -> trained.add(record.getAdapter() + " " + r.getExampleId()));
            }
        }
        Set<String> reported = new HashSet<>();
        outcomes().values().stream()
                .filter(o ->
                        Set.of("TRAINED", "HELD_OUT").contains(o.path("outcome").asText()))
                .forEach(o -> reported.add(
                        o.path("adapter").asText() + " " + o.path("id").asText()));
        assertThat(trained).doesNotHaveDuplicates().containsExactlyInAnyOrderElementsOf(reported);
        return trained.size();
    }

    void produce(String record) {
        produce(Optional.of(record.getBytes(StandardCharsets.UTF_8)));
    }

    /** @param value of the record; none makes it a tombstone */
    void produce(Optional<byte[]> value) {
        var unused = producer.send(new ProducerRecord<>(kafka.topics().examples(), value.orElse(null)));
    }

    /** Into the first partition of a topic. */
    void produce(String topic, String key, String value) {
        var unused = producer.send(new ProducerRecord<>(
                topic, 0, key.getBytes(StandardCharsets.UTF_8), value.getBytes(StandardCharsets.UTF_8)));
    }

    /** Sends a dead letter again, as {@code dlq replay} does. */
    void replay(ConsumerRecord<byte[], byte[]> letter) {
        ProducerRecord<byte[], byte[]> again =
                new ProducerRecord<>(kafka.topics().examples(), letter.key(), letter.value());
        again.headers()
                .add(
                        DeadLetter.REPLAYED_FROM,
                        (letter.partition() + ":" + letter.offset()).getBytes(StandardCharsets.UTF_8));
        var unused = producer.send(again);
    }

    /** Has the registry apply a command. */
    void submit(String commandId, UnaryOperator<RegistryRecord.Builder> command) {
        CommandOutcome outcome = registry.submit(command.apply(RegistryRecord.newBuilder()
                                .setCommandId(commandId)
                                .setFoldVersion(1))
                        .build())
                .join();
        if (outcome.error().isPresent()) {
            throw new AssertionError(outcome);
        }
    }

    void flush() {
        producer.flush();
    }

    /** What each input record came to, by its place in {@code examples}; fails where one has two outcomes. */
    Map<String, JsonNode> outcomes() {
        Map<String, JsonNode> bySource = new LinkedHashMap<>();
        for (ConsumerRecord<byte[], byte[]> record : read(kafka.topics().outcomes())) {
            JsonNode outcome = json(record.value());
            String source = outcome.get("source").get("partition").asText() + "/"
                    + outcome.get("source").get("offset").asText();
            JsonNode earlier = bySource.put(source, outcome);
            if (earlier != null) {
                throw new AssertionError("two outcomes of " + source + ": " + earlier + " and " + outcome);
            }
        }
        return bySource;
    }

    List<JournalRecord> journal() {
        List<JournalRecord> records = new ArrayList<>();
        for (ConsumerRecord<byte[], byte[]> record : read(kafka.topics().journal())) {
            try {
                records.add(JournalRecord.parseFrom(record.value()));
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        }
        return records;
    }

    List<ConsumerRecord<byte[], byte[]>> deadLetters() {
        return read(kafka.topics().deadLetters());
    }

    /** All committed records of a topic, partition by partition. */
    List<ConsumerRecord<byte[], byte[]>> read(String topic) {
        Map<String, Object> properties = kafka.clientProperties();
        properties.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
        properties.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        properties.put(ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class);
        properties.put(ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class);
        List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(properties)) {
            List<TopicPartition> partitions = consumer.partitionsFor(topic).stream()
                    .map(p -> new TopicPartition(topic, p.partition()))
                    .toList();
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            while (partitions.stream().anyMatch(p -> consumer.position(p) < ends.get(p))) {
                consumer.poll(Duration.ofMillis(50)).forEach(records::add);
            }
        }
        return records;
    }

    /** How many records were produced to {@code examples}. */
    long produced() {
        try (Admin admin = Admin.create(kafka.clientProperties())) {
            Map<TopicPartition, OffsetSpec> latest = new HashMap<>();
            for (int p = 0; p < kafka.partitions(); p++) {
                latest.put(new TopicPartition(kafka.topics().examples(), p), OffsetSpec.latest());
            }
            return admin.listOffsets(latest).all().get().values().stream()
                    .mapToLong(o -> o.offset())
                    .sum();
        } catch (ExecutionException e) {
            throw new AssertionError(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    static JsonNode json(byte[] bytes) {
        try {
            return JSON.readTree(bytes);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Override
    public void close() {
        producer.close();
        registry.close();
        store.close();
        s3.close();
        broker.close();
    }
}
