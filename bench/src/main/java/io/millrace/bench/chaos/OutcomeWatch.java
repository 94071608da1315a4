package io.millrace.bench.chaos;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.topics.KafkaSettings;
import java.io.IOException;
import java.time.Duration;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** Follows the committed outcomes on a thread of its own, through all restarts of the broker. */
final class OutcomeWatch implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final KafkaConsumer<byte[], byte[]> consumer;
    private final KafkaSettings kafka;
    private final Map<Integer, BitSet> seen = new ConcurrentHashMap<>();
    private final Thread thread = new Thread(this::run, "chaos-outcomes");
    private volatile boolean stopped;
    private final AtomicLong outcomes = new AtomicLong();

    OutcomeWatch(KafkaSettings kafka) {
        this.kafka = kafka;
        Map<String, Object> properties = kafka.clientProperties();
        properties.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
        properties.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
        properties.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        properties.put(ConsumerConfig.RECONNECT_BACKOFF_MAX_MS_CONFIG, 500);
        this.consumer = new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer());
        thread.setDaemon(true);
    }

    void start() {
        thread.start();
    }

    /** Whether each record before these offsets of the examples topic has an outcome. */
    boolean covers(Map<Integer, Long> ends) {
        return ends.entrySet().stream().allMatch(end -> firstWithout(end.getKey()) >= end.getValue());
    }

    /** Outcomes seen so far. */
    long outcomes() {
        return outcomes.get();
    }

    private long firstWithout(int partition) {
        BitSet offsets = seen.get(partition);
        if (offsets == null) {
            return 0;
        }
        synchronized (offsets) {
            return offsets.nextClearBit(0);
        }
    }

    private void run() {
        List<TopicPartition> partitions = IntStream.range(0, kafka.partitions())
                .mapToObj(p -> new TopicPartition(kafka.topics().outcomes(), p))
                .toList();
        consumer.assign(partitions);
        while (!stopped) {
            try {
                consumer.poll(Duration.ofMillis(200)).forEach(this::note);
            } catch (WakeupException e) {
                return;
            }
        }
    }

    private void note(ConsumerRecord<byte[], byte[]> record) {
        try {
            JsonNode source = JSON.readTree(record.value()).path("source");
            BitSet offsets = seen.computeIfAbsent(source.path("partition").asInt(), p -> new BitSet());
            synchronized (offsets) {
                offsets.set(source.path("offset").asInt());
            }
            outcomes.incrementAndGet();
        } catch (IOException e) {
            // The audit reads everything once more, and says what can't be read.
            outcomes.incrementAndGet();
        }
    }

    @Override
    public void close() {
        stopped = true;
        consumer.wakeup();
        try {
            thread.join(10_000);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        consumer.close();
    }
}
