package io.millrace.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EmbeddedKafkaTest {
    private static final TopicPartition PARTITION = new TopicPartition("examples", 0);

    @TempDir
    Path directory;

    @Test
    void keepsCommittedTransactionsAndItsClusterIdOverARestart() throws Exception {
        // Given one transaction that was committed and one that was aborted
        String clusterId;
        try (EmbeddedKafka kafka = EmbeddedKafka.startOnFreePorts(directory)) {
            clusterId = kafka.clusterId();
            createTopic(kafka);
            try (KafkaProducer<String, String> producer = producer(kafka)) {
                producer.initTransactions();
                producer.beginTransaction();
                producer.send(new ProducerRecord<>("examples", 0, "a", "aborted"))
                        .get();
                producer.abortTransaction();
                producer.beginTransaction();
                producer.send(new ProducerRecord<>("examples", 0, "a", "committed"))
                        .get();
                producer.commitTransaction();
            }
            // When they are read, then only the committed one is there
            assertThat(readCommitted(kafka)).containsExactly("committed");
        }
        // When the broker starts again in the same folder, then it is there still
        try (EmbeddedKafka kafka = EmbeddedKafka.startOnFreePorts(directory)) {
            assertThat(kafka.clusterId()).isEqualTo(clusterId);
            assertThat(readCommitted(kafka)).containsExactly("committed");
            // And a second broker on the same folder is refused, while the first goes on
            assertThatThrownBy(() -> EmbeddedKafka.startOnFreePorts(directory))
                    .isInstanceOfSatisfying(
                            MillraceException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.KAFKA_UNAVAILABLE))
                    .hasMessageContaining("another embedded Kafka uses the folder " + directory);
            assertThat(readCommitted(kafka)).containsExactly("committed");
            // And a topic nobody created is not made by reading it
            try (Admin admin = Admin.create(Map.of("bootstrap.servers", kafka.bootstrapServers()))) {
                assertThat(admin.listTopics().names().get()).containsExactly("examples");
            }
        }
    }

    @Test
    void saysWhichPortIsTaken() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getByAddress(new byte[] {127, 0, 0, 1}))) {
            int port = taken.getLocalPort();
            int free = Ports.twoFree()[0];
            assertThatThrownBy(() -> EmbeddedKafka.start(directory, port, free))
                    .isInstanceOfSatisfying(
                            MillraceException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.PORT_TAKEN))
                    .hasMessageContaining("port " + port)
                    .hasMessageContaining("choose another port");
            assertThatThrownBy(() -> EmbeddedKafka.start(directory, free, port))
                    .isInstanceOf(MillraceException.class)
                    .hasMessageContaining("port " + port)
                    .hasMessageContaining("controller");
        }
        assertThat(directory).isEmptyDirectory();
    }

    private static void createTopic(EmbeddedKafka kafka) throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", kafka.bootstrapServers()))) {
            admin.createTopics(List.of(new NewTopic("examples", 1, (short) 1)))
                    .all()
                    .get();
        }
    }

    private static KafkaProducer<String, String> producer(EmbeddedKafka kafka) {
        return new KafkaProducer<>(
                Map.of(
                        ProducerConfig.BOOTSTRAP_SERVERS_CONFIG,
                        kafka.bootstrapServers(),
                        ProducerConfig.TRANSACTIONAL_ID_CONFIG,
                        "test"),
                new StringSerializer(),
                new StringSerializer());
    }

    private static List<String> readCommitted(EmbeddedKafka kafka) {
        List<String> values = new ArrayList<>();
        try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(
                Map.of(
                        ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG,
                        kafka.bootstrapServers(),
                        ConsumerConfig.ISOLATION_LEVEL_CONFIG,
                        "read_committed"),
                new StringDeserializer(),
                new StringDeserializer())) {
            consumer.assign(List.of(PARTITION));
            consumer.seekToBeginning(List.of(PARTITION));
            long end = consumer.endOffsets(List.of(PARTITION)).get(PARTITION);
            while (consumer.position(PARTITION) < end) {
                for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(200))) {
                    values.add(record.value());
                }
            }
        }
        return values;
    }
}
