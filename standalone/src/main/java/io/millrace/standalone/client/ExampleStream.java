package io.millrace.standalone.client;

import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.topics.KafkaSettings;
import io.millrace.topics.Topics;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.record.AbstractRecords;
import org.apache.kafka.common.record.CompressionType;
import org.apache.kafka.common.record.Record;
import org.apache.kafka.common.record.RecordBatch;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** The examples topic as someone sees it who produces into it and waits for what becomes of each record. */
public final class ExampleStream implements AutoCloseable {
    private static final Duration REACH_AT_MOST = Duration.ofSeconds(15);

    private final KafkaSettings kafka;
    private final Topics topics;
    private final Producer<byte[], byte[]> producer;

    /** @throws MillraceException {@code kafka_unavailable} */
    public ExampleStream(KafkaSettings kafka) {
        this.kafka = kafka;
        this.topics = kafka.topics();
        Map<String, Object> properties = kafka.producerProperties();
        properties.put(ProducerConfig.LINGER_MS_CONFIG, 20);
        properties.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, (int) REACH_AT_MOST.toMillis());
        properties.put(ProducerConfig.MAX_REQUEST_SIZE_CONFIG, Topics.MAX_EXAMPLE_BYTES);
        this.producer = new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer());
        requireTopic();
    }

    /** Found out once: each record that is sent into nothing would wait as long. */
    private void requireTopic() {
        try {
            producer.partitionsFor(topics.examples());
        } catch (KafkaException e) {
            producer.close(Duration.ZERO);
            throw unreachable(e);
        }
    }

    /** Whether a record without key and headers is larger than what can be sent, as its producer counts. */
    public static boolean tooLarge(byte[] json) {
        int size = AbstractRecords.estimateSizeInBytesUpperBound(
                RecordBatch.CURRENT_MAGIC_VALUE, CompressionType.NONE, null, json, Record.EMPTY_HEADERS);
        return size > Topics.MAX_EXAMPLE_BYTES;
    }

    /**
     * Sends one record as it is.
     *
     * @return where it lies, or the broker's refusal
     */
    public CompletableFuture<RecordMetadata> send(byte[] json) {
        return send(Optional.empty(), json, Map.of());
    }

    /** As {@link #send(byte[])}, with a key and headers. */
    public CompletableFuture<RecordMetadata> send(Optional<byte[]> key, byte[] json, Map<String, String> headers) {
        CompletableFuture<RecordMetadata> sent = new CompletableFuture<>();
        ProducerRecord<byte[], byte[]> record = new ProducerRecord<>(topics.examples(), key.orElse(null), json);
        headers.forEach((name, value) -> record.headers().add(name, value.getBytes(StandardCharsets.UTF_8)));
        try {
            Future<RecordMetadata> unused = producer.send(record, (metadata, failure) -> {
                if (failure == null) {
                    sent.complete(metadata);
                } else {
                    sent.completeExceptionally(failure);
                }
            });
        } catch (KafkaException e) {
            sent.completeExceptionally(e);
        }
        return sent;
    }

    public void flush() {
        producer.flush();
    }

    /** Outcomes from now on: what is sent after this call is seen. */
    public OutcomeTail outcomes() {
        Map<String, Object> properties = kafka.clientProperties();
        properties.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
        properties.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
        properties.put(ConsumerConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, (int) REACH_AT_MOST.toMillis());
        Consumer<byte[], byte[]> consumer =
                new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer());
        try {
            List<TopicPartition> partitions = consumer.partitionsFor(topics.outcomes()).stream()
                    .map(info -> new TopicPartition(info.topic(), info.partition()))
                    .toList();
            consumer.assign(partitions);
            // Positions are fixed now, not at the first poll.
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions).entrySet().stream()
                    .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
            ends.forEach(consumer::seek);
            return new OutcomeTail(consumer, topics.examples());
        } catch (KafkaException e) {
            consumer.close();
            throw unreachable(e);
        }
    }

    @Override
    public void close() {
        producer.close(REACH_AT_MOST);
    }

    private MillraceException unreachable(KafkaException e) {
        return new MillraceException(
                ErrorCode.KAFKA_UNAVAILABLE,
                "Kafka at " + kafka.bootstrapServers() + " can't be reached or has no topic " + topics.examples() + " ("
                        + e.getMessage() + "); check the address, or say another with --kafka",
                e);
    }
}
