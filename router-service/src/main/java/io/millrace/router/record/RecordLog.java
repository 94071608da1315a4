package io.millrace.router.record;

import io.millrace.router.RouterMetrics;
import io.millrace.topics.KafkaSettings;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Records on their way to Kafka. Never blocks the caller: while Kafka can't be reached records wait in a bounded queue,
 * and what doesn't fit is dropped and counted.
 */
public final class RecordLog implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RecordLog.class);
    private static final int QUEUE = 10_000;
    private static final Duration METADATA_WAIT = Duration.ofSeconds(5);
    private static final Duration CLOSE_WAIT = Duration.ofSeconds(3);

    private final KafkaSettings kafka;
    private final RouterMetrics metrics;
    private final BlockingQueue<Item> queue = new LinkedBlockingQueue<>(QUEUE);
    private final AtomicLong dropped = new AtomicLong();
    private final Thread thread = new Thread(this::run, "router-records");
    private volatile boolean closed;

    private record Item(String topic, String key, byte[] value) {}

    public RecordLog(KafkaSettings kafka, RouterMetrics metrics) {
        this.kafka = kafka;
        this.metrics = metrics;
        thread.setDaemon(true);
        metrics.intGauge("millrace.router.records.waiting", "Records not handed to Kafka yet", queue::size);
    }

    public void start() {
        thread.start();
    }

    public void send(String topic, String key, byte[] value) {
        if (closed || !queue.offer(new Item(topic, key, value))) {
            drop("the queue is full");
        }
    }

    /** Records lost since the start. */
    public long dropped() {
        return dropped.get();
    }

    private void drop(String why) {
        metrics.dropped();
        if (dropped.incrementAndGet() % 1000 == 1) {
            LOG.warn("dropped a record ({}); {} since the start", why, dropped.get());
        }
    }

    private void run() {
        try (Producer<byte[], byte[]> producer = producer()) {
            while (!(closed && queue.isEmpty())) {
                Item item = queue.poll(200, TimeUnit.MILLISECONDS);
                if (item != null) {
                    send(producer, item);
                }
            }
            producer.close(CLOSE_WAIT);
        } catch (InterruptedException | InterruptException e) {
            queue.forEach(i -> drop("the router is shutting down"));
            Thread.currentThread().interrupt();
        }
    }

    private void send(Producer<byte[], byte[]> producer, Item item) {
        byte[] key = item.key().getBytes(StandardCharsets.UTF_8);
        try {
            var unused = producer.send(new ProducerRecord<>(item.topic(), key, item.value()), (metadata, error) -> {
                if (error instanceof RetriableException && !closed && queue.offer(item)) {
                    LOG.debug("Kafka can't be reached; a record for {} waits: {}", item.topic(), error.toString());
                } else if (error != null) {
                    drop(error.toString());
                }
            });
        } catch (InterruptException e) {
            throw e;
        } catch (KafkaException e) {
            drop(e.toString());
        }
    }

    private Producer<byte[], byte[]> producer() {
        Map<String, Object> properties = kafka.producerProperties();
        properties.put(ProducerConfig.CLIENT_ID_CONFIG, kafka.topics().id("router-records"));
        properties.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, METADATA_WAIT.toMillis());
        properties.put(ProducerConfig.BUFFER_MEMORY_CONFIG, 8L << 20);
        properties.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, Integer.MAX_VALUE);
        properties.put(ProducerConfig.LINGER_MS_CONFIG, 5);
        return new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer());
    }

    @Override
    public void close() throws InterruptedException {
        closed = true;
        thread.join(METADATA_WAIT.plus(CLOSE_WAIT).toMillis());
        if (thread.isAlive()) {
            thread.interrupt();
            thread.join(CLOSE_WAIT.toMillis());
        }
    }
}
