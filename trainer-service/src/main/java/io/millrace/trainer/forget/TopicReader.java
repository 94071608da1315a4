package io.millrace.trainer.forget;

import io.millrace.topics.KafkaSettings;
import io.millrace.topics.Topics;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** Reads partitions of a topic from their first record to where no transaction is open. For one thread. */
final class TopicReader implements AutoCloseable {
    private static final Duration POLL = Duration.ofMillis(200);

    private final KafkaConsumer<byte[], byte[]> committed;
    private final KafkaConsumer<byte[], byte[]> all;

    TopicReader(KafkaSettings kafka) {
        this.committed = new KafkaConsumer<>(properties(kafka, "read_committed"));
        this.all = new KafkaConsumer<>(properties(kafka, "read_uncommitted"));
    }

    private static Map<String, Object> properties(KafkaSettings kafka, String isolation) {
        Map<String, Object> properties = kafka.clientProperties();
        properties.put(CommonClientConfigs.CLIENT_ID_CONFIG, kafka.topics().id("forget-" + isolation));
        properties.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, isolation);
        properties.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        properties.put(ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG, Topics.MAX_DERIVED_BYTES);
        properties.put(ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class);
        properties.put(ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class);
        return properties;
    }

    /** Where each partition ends, before the first open transaction. */
    Map<TopicPartition, Long> ends(String topic) {
        List<TopicPartition> partitions = committed.partitionsFor(topic).stream()
                .map(p -> new TopicPartition(topic, p.partition()))
                .toList();
        Map<TopicPartition, Long> ends = new TreeMap<>((a, b) -> Integer.compare(a.partition(), b.partition()));
        ends.putAll(committed.endOffsets(partitions));
        return ends;
    }

    /** Also what was written in transactions that were aborted: nobody reads it, but it is there. */
    void eachStored(Map<TopicPartition, Long> ends, Consumer<ConsumerRecord<byte[], byte[]>> record) {
        read(all, ends, record);
    }

    void eachCommitted(Map<TopicPartition, Long> ends, Consumer<ConsumerRecord<byte[], byte[]>> record) {
        read(committed, ends, record);
    }

    private static void read(
            KafkaConsumer<byte[], byte[]> consumer,
            Map<TopicPartition, Long> ends,
            Consumer<ConsumerRecord<byte[], byte[]>> record) {
        consumer.assign(ends.keySet());
        consumer.seekToBeginning(ends.keySet());
        while (ends.keySet().stream().anyMatch(p -> consumer.position(p) < ends.get(p))) {
            for (ConsumerRecord<byte[], byte[]> next : consumer.poll(POLL)) {
                if (next.offset() < ends.get(new TopicPartition(next.topic(), next.partition()))) {
                    record.accept(next);
                }
            }
        }
    }

    @Override
    public void close() {
        committed.close();
        all.close();
    }
}
