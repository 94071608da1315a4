package io.millrace.registry;

import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.topics.KafkaSettings;
import io.millrace.topics.Topics;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** Reads the log's one partition from a given offset on, and checks that the log still has what follows it. */
final class LogReader implements AutoCloseable {
    private static final Duration ASK_AFTER = Duration.ofSeconds(3);
    private static final Duration TIMEOUT = Duration.ofSeconds(10);

    private final KafkaSettings settings;
    private final TopicPartition partition;
    private final KafkaConsumer<byte[], byte[]> consumer;
    private long heardAt = System.nanoTime();
    private Optional<String> trouble = Optional.empty();

    LogReader(KafkaSettings settings) {
        this.settings = settings;
        this.partition = new TopicPartition(settings.topics().registry(), 0);
        Map<String, Object> properties = settings.clientProperties();
        properties.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
        properties.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "none");
        properties.put(ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG, Topics.MAX_SYSTEM_BYTES);
        properties.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, 5_000);
        properties.putIfAbsent(ConsumerConfig.REQUEST_TIMEOUT_MS_CONFIG, 10_000);
        properties.putIfAbsent(ConsumerConfig.RECONNECT_BACKOFF_MAX_MS_CONFIG, 1_000);
        consumer = new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer());
        consumer.assign(Set.of(partition));
    }

    /** Which log this is. */
    static Snapshots.LogIdentity identify(KafkaSettings settings) throws InterruptedException {
        Map<String, Object> properties = settings.clientProperties();
        properties.putIfAbsent(AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG, 5_000);
        properties.putIfAbsent(AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, 10_000);
        String topic = settings.topics().registry();
        try (Admin admin = Admin.create(properties)) {
            String cluster = admin.describeCluster().clusterId().get();
            String id = admin.describeTopics(Set.of(topic))
                    .allTopicNames()
                    .get()
                    .get(topic)
                    .topicId()
                    .toString();
            return new Snapshots.LogIdentity(cluster, topic, id);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof KafkaException kafka ? kafka : new KafkaException(e.getCause());
        }
    }

    /**
     * Goes to the record after this offset.
     *
     * @return the offset after the log's last record
     * @throws MillraceException {@code incompatible_log} where the log doesn't reach it or lost what follows it
     */
    long seekAfter(long offset) {
        long begin = consumer.beginningOffsets(Set.of(partition), TIMEOUT).get(partition);
        long end = consumer.endOffsets(Set.of(partition), TIMEOUT).get(partition);
        if (end < offset + 1) {
            throw new MillraceException(
                    ErrorCode.INCOMPATIBLE_LOG,
                    "topic " + partition.topic() + " ends at offset " + (end - 1) + ", before the registry's state at "
                            + offset + ": records were lost; restore the topic, or remove its snapshots to start with"
                            + " what is left");
        }
        if (begin > offset + 1) {
            throw new MillraceException(
                    ErrorCode.INCOMPATIBLE_LOG,
                    "topic " + partition.topic() + " begins at offset " + begin + ", after the registry's state at "
                            + offset + ": records were deleted; restore the topic or a snapshot from then");
        }
        consumer.seek(partition, offset + 1);
        return end;
    }

    ConsumerRecords<byte[], byte[]> poll(Duration atMost) {
        try {
            ConsumerRecords<byte[], byte[]> records = consumer.poll(atMost);
            if (!records.isEmpty()) {
                heard(Optional.empty());
            }
            return records;
        } catch (OffsetOutOfRangeException e) {
            throw new MillraceException(
                    ErrorCode.INCOMPATIBLE_LOG,
                    "topic " + partition.topic() + " in Kafka at " + settings.bootstrapServers()
                            + " no longer has what follows the registry's state: records were lost; restore the topic",
                    e);
        }
    }

    /** Why Kafka can't be reached, where it can't. It is asked when nothing was heard from it for a few seconds. */
    Optional<String> trouble() {
        if (System.nanoTime() - heardAt > ASK_AFTER.toNanos()) {
            try {
                consumer.endOffsets(Set.of(partition), ASK_AFTER);
                heard(Optional.empty());
            } catch (TimeoutException e) {
                heard(Optional.of("Kafka at " + settings.bootstrapServers() + " can't be reached (" + e.getMessage()
                        + "); serving what is known, trying again"));
            }
        }
        return trouble;
    }

    private void heard(Optional<String> what) {
        heardAt = System.nanoTime();
        trouble = what;
    }

    /** Offset of the next record to be read. */
    long position() {
        return consumer.position(partition, TIMEOUT);
    }

    /** Ends a poll of another thread. */
    void wakeup() {
        consumer.wakeup();
    }

    @Override
    public void close() {
        consumer.close(CloseOptions.timeout(Duration.ofSeconds(1)));
    }
}
