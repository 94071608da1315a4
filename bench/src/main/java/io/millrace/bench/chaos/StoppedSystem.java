package io.millrace.bench.chaos;

import io.millrace.embedded.EmbeddedKafka;
import io.millrace.embedded.EmbeddedS3;
import io.millrace.store.BlobStore;
import io.millrace.store.S3BlobStore;
import io.millrace.store.S3Settings;
import io.millrace.topics.KafkaSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** Kafka and the object store of a system that was stopped, in this process, with nothing else running on them. */
final class StoppedSystem implements AutoCloseable {
    private static final EmbeddedS3.Credentials OWN = new EmbeddedS3.Credentials("audit", "audit-secret");
    private static final String BUCKET = "millrace";

    private final EmbeddedKafka broker;
    private final EmbeddedS3 s3;
    private final KafkaSettings kafka;
    private final BlobStore store;

    StoppedSystem(Path dataDir) {
        broker = EmbeddedKafka.startOnFreePorts(dataDir.resolve("kafka"));
        s3 = EmbeddedS3.startOnFreePort(dataDir.resolve("objects"), OWN, BUCKET);
        kafka = KafkaSettings.of(broker.bootstrapServers());
        store = new S3BlobStore(
                S3Settings.of(s3.endpoint(), OWN.accessKey(), OWN.secretKey(), s3.bucket(), "us-east-1"));
    }

    KafkaSettings kafka() {
        return kafka;
    }

    BlobStore store() {
        return store;
    }

    /** All committed records of a topic that it still has, partition by partition. */
    List<ConsumerRecord<byte[], byte[]>> read(String topic) {
        Map<String, Object> properties = kafka.clientProperties();
        properties.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
        properties.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
        try (KafkaConsumer<byte[], byte[]> consumer =
                new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            List<TopicPartition> partitions = consumer.partitionsFor(topic).stream()
                    .map(p -> new TopicPartition(topic, p.partition()))
                    .toList();
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            while (partitions.stream().anyMatch(p -> consumer.position(p) < ends.get(p))) {
                consumer.poll(Duration.ofMillis(100)).forEach(records::add);
            }
        }
        return records;
    }

    @Override
    public void close() {
        store.close();
        s3.close();
        broker.close();
    }
}
