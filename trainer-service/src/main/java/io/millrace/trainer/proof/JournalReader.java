package io.millrace.trainer.proof;

import io.millrace.core.AdapterName;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.topics.KafkaSettings;
import io.millrace.topics.Topics;
import io.millrace.trainer.worker.JournalRecords;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.utils.Utils;

/** Reads the journal from its first record to its present end, committed records alone. Safe for use by many threads. */
public record JournalReader(KafkaSettings kafka) {
    private static final Duration POLL = Duration.ofMillis(200);

    /**
     * Every adapter's history.
     *
     * @throws MillraceException {@code kafka_unavailable}, {@code incompatible_log}
     */
    public SortedMap<AdapterName, History> all() {
        return read(partition -> true, key -> true);
    }

    /** One adapter's history; empty where the journal doesn't know it. */
    public Optional<History> of(AdapterName adapter) {
        byte[] key = adapter.toString().getBytes(StandardCharsets.UTF_8);
        int partition = partition(adapter);
        return Optional.ofNullable(
                read(p -> p == partition, k -> Arrays.equals(k, key)).get(adapter));
    }

    /** That an adapter's records are in, of the journal and of the curated examples. */
    public int partition(AdapterName adapter) {
        // The curator's partitioner, which is Kafka's for keyed records.
        return Utils.toPositive(Utils.murmur2(adapter.toString().getBytes(StandardCharsets.UTF_8)))
                % kafka.partitions();
    }

    private SortedMap<AdapterName, History> read(Predicate<Integer> partitions, Predicate<byte[]> keys) {
        String journal = kafka.topics().journal();
        SortedMap<AdapterName, History.Builder> histories = new TreeMap<>();
        try (Consumer<byte[], byte[]> consumer = new KafkaConsumer<>(properties())) {
            List<TopicPartition> assigned = consumer.partitionsFor(journal).stream()
                    .filter(p -> partitions.test(p.partition()))
                    .map(p -> new TopicPartition(journal, p.partition()))
                    .toList();
            Map<TopicPartition, Long> ends = consumer.endOffsets(assigned);
            consumer.assign(assigned);
            consumer.seekToBeginning(assigned);
            while (assigned.stream().anyMatch(p -> consumer.position(p) < ends.get(p))) {
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
                    if (keys.test(record.key())) {
                        var event = JournalRecords.read(record);
                        histories
                                .computeIfAbsent(AdapterName.parse(event.getAdapter()), History.Builder::new)
                                .add(record.offset(), record.timestamp(), event);
                    }
                }
            }
        } catch (KafkaException e) {
            throw new MillraceException(ErrorCode.KAFKA_UNAVAILABLE, "the journal can't be read: " + e.getMessage(), e);
        }
        SortedMap<AdapterName, History> built = new TreeMap<>();
        histories.forEach((adapter, builder) -> builder.build().ifPresent(h -> built.put(adapter, h)));
        return built;
    }

    private Map<String, Object> properties() {
        Map<String, Object> properties = kafka.clientProperties();
        properties.put(CommonClientConfigs.CLIENT_ID_CONFIG, kafka.topics().id("journal-reader"));
        properties.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
        properties.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        properties.put(ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG, Topics.MAX_SYSTEM_BYTES);
        properties.put(ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class);
        properties.put(ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class);
        return properties;
    }
}
