package io.millrace.router.record;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.topics.KafkaSettings;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the decisions topic, from a little before its end, into {@link RecentDecisions}: so feedback can be given to
 * another router than the one that answered, and after a restart.
 */
public final class DecisionTail implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(DecisionTail.class);
    private static final Duration POLL = Duration.ofMillis(500);
    private static final Duration PAUSE = Duration.ofSeconds(2);

    private final KafkaSettings kafka;
    private final RecentDecisions recent;
    private final int remembered;
    private final ObjectMapper json =
            new ObjectMapper().configure(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES, false);
    private final Thread thread = new Thread(this::run, "router-decisions");
    private final AtomicReference<Consumer<byte[], byte[]>> current = new AtomicReference<>();
    private final CountDownLatch closing = new CountDownLatch(1);
    private volatile boolean closed;

    /** @param remembered decisions before the end that are read at the start */
    public DecisionTail(KafkaSettings kafka, RecentDecisions recent, int remembered) {
        this.kafka = kafka;
        this.recent = recent;
        this.remembered = remembered;
        thread.setDaemon(true);
    }

    public void start() {
        thread.start();
    }

    private void run() {
        while (!closed) {
            try (Consumer<byte[], byte[]> consumer = consumer()) {
                current.set(consumer);
                follow(consumer);
            } catch (WakeupException | InterruptException e) {
                return;
            } catch (KafkaException e) {
                LOG.debug("decisions can't be read now: {}", e.toString());
            }
            try {
                if (closing.await(PAUSE.toMillis(), TimeUnit.MILLISECONDS)) {
                    return;
                }
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    private void follow(Consumer<byte[], byte[]> consumer) {
        List<TopicPartition> partitions = consumer.partitionsFor(kafka.topics().decisions()).stream()
                .map(p -> new TopicPartition(p.topic(), p.partition()))
                .toList();
        if (partitions.isEmpty()) {
            return;
        }
        consumer.assign(partitions);
        Map<TopicPartition, Long> begins = consumer.beginningOffsets(partitions);
        Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
        long each = Math.max(1, remembered / partitions.size());
        partitions.forEach(p -> consumer.seek(p, Math.max(begins.get(p), ends.get(p) - each)));
        while (!closed) {
            consumer.poll(POLL).forEach(this::remember);
        }
    }

    private void remember(ConsumerRecord<byte[], byte[]> message) {
        try {
            recent.add(json.readValue(message.value(), Decision.class));
        } catch (IOException | RuntimeException e) {
            LOG.debug("a record of {} isn't a decision: {}", message.topic(), e.toString());
        }
    }

    private Consumer<byte[], byte[]> consumer() {
        Map<String, Object> properties = kafka.clientProperties();
        properties.put(ConsumerConfig.CLIENT_ID_CONFIG, kafka.topics().id("router-decisions"));
        properties.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
        properties.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "latest");
        properties.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
        properties.put(ConsumerConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, 5_000);
        properties.put(ConsumerConfig.REQUEST_TIMEOUT_MS_CONFIG, 4_000);
        return new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    @Override
    public void close() throws InterruptedException {
        closed = true;
        closing.countDown();
        Consumer<byte[], byte[]> reading = current.get();
        if (reading != null) {
            reading.wakeup();
        }
        thread.join(5_000);
    }
}
