package io.millrace.trainer.observe;

import io.millrace.topics.KafkaSettings;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The latest rewards by scope, read from their topic on the thread {@code trainer-rewards}; starts again when it fails. */
public final class RewardTail implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RewardTail.class);
    private static final Duration POLL = Duration.ofMillis(500);
    private static final Duration PAUSE = Duration.ofSeconds(5);

    private final KafkaSettings kafka;
    private final Map<String, Reward> rewards = new ConcurrentHashMap<>();
    private final CountDownLatch closing = new CountDownLatch(1);
    private final Thread thread = new Thread(this::run, "trainer-rewards");

    public RewardTail(KafkaSettings kafka) {
        this.kafka = kafka;
        thread.setDaemon(true);
    }

    public void start() {
        thread.start();
    }

    /** @param scope {@code ns/name@<40 hex>} or {@code ns/name} */
    public Optional<Reward> of(String scope) {
        return Optional.ofNullable(rewards.get(scope));
    }

    private void run() {
        try {
            do {
                try {
                    follow();
                } catch (RuntimeException e) {
                    LOG.info("rewards are read again in {}: {}", PAUSE, e.toString());
                }
            } while (!closing.await(PAUSE.toMillis(), TimeUnit.MILLISECONDS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void follow() {
        Map<String, Object> properties = kafka.clientProperties();
        properties.put(CommonClientConfigs.CLIENT_ID_CONFIG, kafka.topics().id("trainer-rewards"));
        properties.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
        properties.put(ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class);
        properties.put(ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class);
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(properties)) {
            List<TopicPartition> partitions = consumer
                    .partitionsFor(kafka.topics().rewards())
                    .stream()
                    .map(p -> new TopicPartition(p.topic(), p.partition()))
                    .toList();
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            while (closing.getCount() > 0) {
                consumer.poll(POLL).forEach(this::accept);
            }
        }
    }

    private void accept(ConsumerRecord<byte[], byte[]> record) {
        try {
            String scope = new String(record.key(), StandardCharsets.UTF_8);
            rewards.put(scope, JsonSerde.read(record.value(), Reward.class));
        } catch (SerializationException e) {
            LOG.warn("{} holds a record that can't be read, at offset {}", record.topic(), record.offset());
        }
    }

    @Override
    public void close() {
        closing.countDown();
        try {
            thread.join(PAUSE.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
