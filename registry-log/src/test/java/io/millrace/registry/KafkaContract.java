package io.millrace.registry;

import static io.millrace.registry.Commands.id;
import static io.millrace.registry.Commands.publish;
import static io.millrace.registry.Commands.version;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.millrace.core.AdapterName;
import io.millrace.topics.KafkaSettings;
import io.millrace.topics.TopicBootstrap;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What Millrace needs of a Kafka, whichever it is: each test has topics of its own. */
@Timeout(90)
abstract class KafkaContract {
    private KafkaSettings settings;

    protected abstract String bootstrapServers();

    @BeforeEach
    void createTopics() throws Exception {
        settings = new KafkaSettings(bootstrapServers(), UUID.randomUUID() + ".", 3, Map.of());
        TopicBootstrap.ensure(settings, settings.specs());
    }

    @Test
    void topicsStandAsTheyMustAndOthersAreRefused() throws Exception {
        TopicBootstrap again = new TopicBootstrap(settings);
        again.ensure(settings.specs());
        KafkaSettings others = new KafkaSettings(bootstrapServers(), settings.topicPrefix(), 4, Map.of());

        assertThat(again.status()).isEqualTo(new TopicBootstrap.Status.Ready());
        assertThatThrownBy(() -> TopicBootstrap.ensure(others, others.specs()))
                .hasMessageContaining("has 3 partitions, not 4");
    }

    @Test
    void aRoundIsSeenWholeOrNotAtAllTogetherWithItsPosition() throws Exception {
        String journal = settings.topics().journal();
        String outcomes = settings.topics().outcomes();
        TopicPartition curated = new TopicPartition(settings.topics().curated(), 0);
        try (KafkaProducer<String, String> worker = transactional("worker");
                KafkaConsumer<String, String> member = consumer("trainers")) {
            worker.initTransactions();
            member.subscribe(List.of(curated.topic()));
            await().until(() -> {
                member.poll(Duration.ofMillis(200));
                return member.assignment().contains(curated);
            });

            // When one round is given up and the next is committed with the position after it
            worker.beginTransaction();
            send(worker, journal, "given up");
            worker.sendOffsetsToTransaction(Map.of(curated, new OffsetAndMetadata(5)), member.groupMetadata());
            worker.abortTransaction();
            worker.beginTransaction();
            send(worker, journal, "committed");
            send(worker, outcomes, "TRAINED");
            worker.sendOffsetsToTransaction(Map.of(curated, new OffsetAndMetadata(7)), member.groupMetadata());
            worker.commitTransaction();

            // Then readers of what is committed see the second alone
            assertThat(committed(journal)).containsExactly("committed");
            assertThat(committed(outcomes)).containsExactly("TRAINED");
            assertThat(member.committed(Set.of(curated)).get(curated).offset()).isEqualTo(7);
        }
    }

    @Test
    void aWorkerThatAnotherReplacedCommitsNothing() throws Exception {
        String journal = settings.topics().journal();
        try (KafkaProducer<String, String> zombie = transactional("same");
                KafkaProducer<String, String> successor = transactional("same")) {
            zombie.initTransactions();
            zombie.beginTransaction();
            send(zombie, journal, "of the zombie");

            successor.initTransactions();
            successor.beginTransaction();
            send(successor, journal, "of the successor");
            successor.commitTransaction();

            assertThatThrownBy(zombie::commitTransaction).isInstanceOf(ProducerFencedException.class);
            assertThat(committed(journal)).containsExactly("of the successor");
        }
    }

    @Test
    void everyNodeFoldsTheRegistrysLogAlike() throws Exception {
        try (KafkaRegistryLog one = registry();
                KafkaRegistryLog two = registry()) {
            CommandOutcome published =
                    one.submit(publish("p", version("acme/support", "one"))).get(30, TimeUnit.SECONDS);

            assertThat(published.error()).isEmpty();
            assertThat(two.await(published.offset(), Duration.ofSeconds(20))
                            .resolve(AdapterName.parse("acme/support"), "main")
                            .id())
                    .isEqualTo(id("one"));
        }
    }

    private static void send(KafkaProducer<String, String> producer, String topic, String value) throws Exception {
        producer.send(new ProducerRecord<>(topic, 0, "a", value)).get();
    }

    private KafkaRegistryLog registry() {
        KafkaRegistryLog log = new KafkaRegistryLog(settings, SnapshotStore.none(), 1_000).start();
        await().atMost(Duration.ofSeconds(30)).until(log::ready);
        return log;
    }

    /** Everything of a topic's first partition up to its end, of committed transactions. */
    private List<String> committed(String topic) {
        TopicPartition partition = new TopicPartition(topic, 0);
        try (KafkaConsumer<String, String> reader = consumer("reader")) {
            reader.assign(List.of(partition));
            reader.seekToBeginning(List.of(partition));
            long end = reader.endOffsets(List.of(partition)).get(partition);
            List<String> values = new ArrayList<>();
            await().until(() -> {
                reader.poll(Duration.ofMillis(200)).forEach(record -> values.add(record.value()));
                return reader.position(partition) >= end;
            });
            return values;
        }
    }

    private KafkaConsumer<String, String> consumer(String group) {
        Map<String, Object> properties = new TreeMap<>(settings.clientProperties());
        properties.put("group.id", settings.topicPrefix() + group);
        properties.put("isolation.level", "read_committed");
        properties.put("enable.auto.commit", false);
        return new KafkaConsumer<>(properties, new StringDeserializer(), new StringDeserializer());
    }

    private KafkaProducer<String, String> transactional(String id) {
        Map<String, Object> properties = new TreeMap<>(settings.clientProperties());
        properties.put("transactional.id", settings.topicPrefix() + id);
        properties.put("transaction.timeout.ms", 10_000);
        return new KafkaProducer<>(properties, new StringSerializer(), new StringSerializer());
    }
}
