package io.millrace.standalone.client;

import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.topics.KafkaSettings;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** The dead-letter topic as it is now. */
public record DeadLetters(KafkaSettings kafka) {
    private static final Duration REACH_AT_MOST = Duration.ofSeconds(15);
    private static final Duration POLL = Duration.ofMillis(200);

    /** Header of an example that was sent again: where its dead letter lies, as {@code 3:17}. */
    public static final String REPLAYED = "millrace.replayed.from";

    /**
     * A refused record as it came.
     *
     * @param partition of the dead-letter topic
     * @param key the producer's; empty where it had none
     * @param headers all of them, the producer's too
     */
    public record DeadLetter(
            int partition,
            long offset,
            long timestampMs,
            Optional<byte[]> key,
            byte[] value,
            SortedMap<String, String> headers) {

        /** Where it lies, as people name it. */
        public String name() {
            return partition + ":" + offset;
        }

        public String code() {
            return headers.getOrDefault("millrace.error.code", "");
        }

        public String message() {
            return headers.getOrDefault("millrace.error.message", "");
        }

        public String source() {
            return headers.getOrDefault("millrace.source.topic", "") + " "
                    + headers.getOrDefault("millrace.source.partition", "") + ":"
                    + headers.getOrDefault("millrace.source.offset", "");
        }

        public String text() {
            return new String(value, StandardCharsets.UTF_8);
        }
    }

    /**
     * All of them, oldest first.
     *
     * @throws MillraceException {@code kafka_unavailable}
     */
    public List<DeadLetter> all() {
        Map<String, Object> properties = kafka.clientProperties();
        properties.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
        properties.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        properties.put(ConsumerConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, (int) REACH_AT_MOST.toMillis());
        String topic = kafka.topics().deadLetters();
        List<DeadLetter> letters = new ArrayList<>();
        try (Consumer<byte[], byte[]> consumer =
                new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            List<TopicPartition> partitions = consumer.partitionsFor(topic).stream()
                    .map(p -> new TopicPartition(topic, p.partition()))
                    .toList();
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            while (partitions.stream().anyMatch(p -> consumer.position(p) < ends.get(p))) {
                consumer.poll(POLL).forEach(record -> letters.add(letter(record)));
            }
        } catch (KafkaException e) {
            throw new MillraceException(
                    ErrorCode.KAFKA_UNAVAILABLE,
                    "the dead letters at " + kafka.bootstrapServers() + " can't be read: " + e.getMessage(),
                    e);
        }
        letters.sort(Comparator.comparingLong(DeadLetter::timestampMs)
                .thenComparing(DeadLetter::partition)
                .thenComparing(DeadLetter::offset));
        return letters;
    }

    private static DeadLetter letter(ConsumerRecord<byte[], byte[]> record) {
        SortedMap<String, String> headers = new TreeMap<>();
        for (Header header : record.headers()) {
            headers.put(header.key(), header.value() == null ? "" : new String(header.value(), StandardCharsets.UTF_8));
        }
        return new DeadLetter(
                record.partition(),
                record.offset(),
                record.timestamp(),
                Optional.ofNullable(record.key()),
                record.value() == null ? new byte[0] : record.value(),
                headers);
    }
}
