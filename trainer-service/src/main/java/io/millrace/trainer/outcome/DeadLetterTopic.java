package io.millrace.trainer.outcome;

import io.millrace.topics.KafkaSettings;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** Dead letters as they stand in their topic, read one by one; what comes with one is remembered for the next. */
public final class DeadLetterTopic implements RefusedRecords {
    private static final Duration POLL = Duration.ofMillis(100);
    private static final Duration ANSWERED_WITHIN = Duration.ofSeconds(5);
    private static final int REMEMBERED = 2_000;

    private final String topic;
    private final KafkaConsumer<byte[], byte[]> consumer;
    private final Map<String, Optional<String>> remembered = new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Optional<String>> eldest) {
            return size() > REMEMBERED;
        }
    };

    public DeadLetterTopic(KafkaSettings kafka) {
        this.topic = kafka.topics().deadLetters();
        Map<String, Object> properties = kafka.clientProperties();
        properties.put(CommonClientConfigs.CLIENT_ID_CONFIG, kafka.topics().id("replays"));
        properties.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
        // One that was deleted lies before the first that is left.
        properties.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        properties.put(ConsumerConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, (int) ANSWERED_WITHIN.toMillis());
        properties.put(ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class);
        properties.put(ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class);
        this.consumer = new KafkaConsumer<>(properties);
    }

    @Override
    public Optional<String> ofLetter(String letter) {
        if (!letter.matches("[0-9]{1,9}:[0-9]{1,18}")) {
            return Optional.empty();
        }
        if (!remembered.containsKey(letter)) {
            int colon = letter.indexOf(':');
            read(
                    new TopicPartition(topic, Integer.parseInt(letter.substring(0, colon))),
                    Long.parseLong(letter.substring(colon + 1)));
        }
        return remembered.getOrDefault(letter, Optional.empty());
    }

    private void read(TopicPartition partition, long offset) {
        boolean there =
                consumer.partitionsFor(topic).stream().anyMatch(info -> info.partition() == partition.partition());
        if (!there || offset >= consumer.endOffsets(List.of(partition)).get(partition)) {
            return;
        }
        consumer.assign(List.of(partition));
        consumer.seek(partition, offset);
        long deadline = System.nanoTime() + ANSWERED_WITHIN.toNanos();
        while (consumer.position(partition) <= offset) {
            if (System.nanoTime() > deadline) {
                throw new TimeoutException("the dead letter " + partition + ":" + offset + " can't be read");
            }
            for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
                remembered.put(record.partition() + ":" + record.offset(), source(record.headers()));
            }
        }
    }

    private static Optional<String> source(Headers headers) {
        List<Header> source = Stream.of(DeadLetter.TOPIC, DeadLetter.PARTITION, DeadLetter.OFFSET)
                .map(headers::lastHeader)
                .toList();
        return source.contains(null)
                ? Optional.empty()
                : Optional.of(String.join(
                        "/",
                        source.stream()
                                .map(header -> new String(header.value(), StandardCharsets.UTF_8))
                                .toList()));
    }

    @Override
    public void close() {
        consumer.close();
    }
}
