package io.millrace.trainer.forget;

import io.millrace.topics.KafkaSettings;
import io.millrace.topics.Topics;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Writes records of partitions once more behind the rest, as they are and in their order, so that what lies before can be
 * deleted. A header says where a copy was taken from: whoever does the same again after dying half-way copies none twice.
 */
record KeepOthers(KafkaSettings kafka, TopicReader reader) {
    /** Header of a copy: partition and offset of what it was taken from, as {@code 3:17}. */
    static final String KEPT_FROM = "millrace.kept.from";

    private static final int RECORDS_PER_TRANSACTION = 500;

    /**
     * @param ends of the partitions, exclusive
     * @return how many copies each partition has
     */
    Map<TopicPartition, Long> write(Map<TopicPartition, Long> ends, Predicate<ConsumerRecord<byte[], byte[]>> meant) {
        Set<String> copied = new HashSet<>();
        reader.eachCommitted(ends, record -> {
            Header from = record.headers().lastHeader(KEPT_FROM);
            if (from != null) {
                copied.add(new String(from.value(), StandardCharsets.UTF_8));
            }
        });
        Map<TopicPartition, Long> kept = new HashMap<>();
        try (Producer<byte[], byte[]> producer = producer()) {
            producer.initTransactions();
            int[] open = {0};
            reader.eachCommitted(ends, record -> {
                String place = record.partition() + ":" + record.offset();
                if (!meant.test(record)) {
                    return;
                }
                kept.merge(new TopicPartition(record.topic(), record.partition()), 1L, Long::sum);
                if (copied.contains(place)) {
                    return;
                }
                if (open[0] == 0) {
                    producer.beginTransaction();
                }
                var unused = producer.send(copy(record, place));
                if (++open[0] == RECORDS_PER_TRANSACTION) {
                    producer.commitTransaction();
                    open[0] = 0;
                }
            });
            if (open[0] > 0) {
                producer.commitTransaction();
            }
        }
        return kept;
    }

    private static ProducerRecord<byte[], byte[]> copy(ConsumerRecord<byte[], byte[]> record, String place) {
        RecordHeaders headers = new RecordHeaders(record.headers());
        headers.remove(KEPT_FROM);
        headers.add(KEPT_FROM, place.getBytes(StandardCharsets.UTF_8));
        return new ProducerRecord<>(
                record.topic(), record.partition(), record.timestamp(), record.key(), record.value(), headers);
    }

    private Producer<byte[], byte[]> producer() {
        Map<String, Object> properties = kafka.clientProperties();
        properties.put(ProducerConfig.TRANSACTIONAL_ID_CONFIG, kafka.topics().id("forget"));
        properties.put(ProducerConfig.MAX_REQUEST_SIZE_CONFIG, Topics.MAX_SYSTEM_BYTES);
        return new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer());
    }
}
