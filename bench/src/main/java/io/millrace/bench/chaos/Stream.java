package io.millrace.bench.chaos;

import io.millrace.topics.KafkaSettings;
import io.millrace.topics.Topics;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Produces the input at a steady rate on a thread of its own, whether the broker is there or not, and remembers where the
 * broker said that each record lies.
 */
final class Stream implements AutoCloseable {
    private static final int UNACKNOWLEDGED = 300;
    private static final int MAX_BACKLOG = 1_000;
    private static final Duration GIVE_UP = Duration.ofMinutes(10);

    private final KafkaSettings kafka;
    private final Input input;
    private final int perSecond;
    private final LongSupplier backlog;
    private final Map<Place, Long> acknowledged = new ConcurrentHashMap<>();
    private final Semaphore room = new Semaphore(UNACKNOWLEDGED);
    private final Thread thread = new Thread(this::run, "chaos-stream");
    private volatile boolean stopped;
    private final AtomicLong sent = new AtomicLong();
    private final AtomicLong unknown = new AtomicLong();

    /** Where a record of the examples topic lies. */
    record Place(int partition, long offset) {}

    /** @param outcomes how many records have one already; the stream waits where too many have none */
    Stream(KafkaSettings kafka, Input input, int perSecond, LongSupplier outcomes) {
        this.backlog = () -> sent.get() - outcomes.getAsLong();
        this.kafka = kafka;
        this.input = input;
        this.perSecond = perSecond;
        thread.setDaemon(true);
    }

    void start() {
        thread.start();
    }

    /** What the broker has confirmed: place and number of each record. */
    Map<Place, Long> acknowledged() {
        return Map.copyOf(acknowledged);
    }

    /** Offsets after the last confirmed record of each partition. */
    Map<Integer, Long> ends() {
        Map<Integer, Long> ends = new TreeMap<>();
        acknowledged.keySet().forEach(place -> ends.merge(place.partition(), place.offset() + 1, Math::max));
        return ends;
    }

    /** Offsets after the last record of each partition, confirmed or not, as the broker has them now. */
    Map<Integer, Long> written() {
        Map<Integer, Long> ends = new TreeMap<>();
        try (Consumer<byte[], byte[]> consumer = new KafkaConsumer<>(
                kafka.clientProperties(), new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            List<TopicPartition> partitions = IntStream.range(0, kafka.partitions())
                    .mapToObj(p -> new TopicPartition(kafka.topics().examples(), p))
                    .toList();
            consumer.endOffsets(partitions).forEach((partition, end) -> ends.put(partition.partition(), end));
        }
        return ends;
    }

    /** Records given to the producer. */
    long sent() {
        return sent.get();
    }

    /** Records that the broker neither confirmed nor took back: they may be there, and then have an outcome as all others. */
    long unknown() {
        return unknown.get();
    }

    private void run() {
        Producer<byte[], byte[]> producer = producer();
        long started = System.nanoTime();
        try {
            for (long number = 0; !stopped; number++) {
                long due = started + number * 1_000_000_000L / perSecond;
                for (long wait = due - System.nanoTime(); wait > 0 && !stopped; wait = due - System.nanoTime()) {
                    TimeUnit.NANOSECONDS.sleep(Math.min(wait, 20_000_000));
                }
                while (backlog.getAsLong() > MAX_BACKLOG || !room.tryAcquire(100, TimeUnit.MILLISECONDS)) {
                    if (backlog.getAsLong() > MAX_BACKLOG) {
                        TimeUnit.MILLISECONDS.sleep(100);
                    }
                    if (stopped) {
                        return;
                    }
                    // What couldn't be sent meanwhile isn't caught up with: the rate is that of a running system.
                    started += 100_000_000;
                }
                send(producer, input.record(number));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            producer.close(GIVE_UP);
        }
    }

    private void send(Producer<byte[], byte[]> producer, Input.Sent record) throws InterruptedException {
        while (!stopped) {
            try {
                var unused = producer.send(
                        new ProducerRecord<>(kafka.topics().examples(), record.json()),
                        (metadata, failure) -> settled(record, metadata, failure));
                sent.incrementAndGet();
                return;
            } catch (KafkaException e) {
                // No broker yet to ask for the topic's partitions: nothing was sent.
                TimeUnit.MILLISECONDS.sleep(100);
            }
        }
    }

    private void settled(Input.Sent record, RecordMetadata metadata, Exception failure) {
        room.release();
        if (failure == null) {
            acknowledged.put(new Place(metadata.partition(), metadata.offset()), record.number());
        } else {
            unknown.incrementAndGet();
        }
    }

    private Producer<byte[], byte[]> producer() {
        Map<String, Object> properties = kafka.producerProperties();
        properties.put(ProducerConfig.LINGER_MS_CONFIG, 5);
        properties.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, (int) GIVE_UP.toMillis());
        properties.put(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, 5_000);
        properties.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, (int) GIVE_UP.toMillis());
        properties.put(ProducerConfig.RECONNECT_BACKOFF_MAX_MS_CONFIG, 500);
        properties.put(ProducerConfig.MAX_REQUEST_SIZE_CONFIG, Topics.MAX_EXAMPLE_BYTES);
        return new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer());
    }

    /** Sends nothing more, and waits until the broker has confirmed the rest. */
    @Override
    public void close() {
        stopped = true;
        try {
            thread.join(GIVE_UP.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
