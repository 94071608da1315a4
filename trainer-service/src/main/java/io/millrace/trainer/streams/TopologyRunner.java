package io.millrace.trainer.streams;

import io.millrace.topics.KafkaSettings;
import io.millrace.topics.TopicBootstrap;
import io.millrace.topics.Topics;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps a Kafka Streams topology running on a thread of its own: waits for Kafka, starts it, and starts it again after a
 * pause when it has failed.
 */
public final class TopologyRunner implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(TopologyRunner.class);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(15);
    /** Ample where Kafka answers. Where it doesn't, what is given up is done again: it was in no transaction. */
    private static final Duration STOP_AT_MOST = Duration.ofSeconds(4);

    private static final long STATE_BYTES = 32L << 20;
    /** Of one partition, at most: what is sent between two commits goes in few requests. */
    private static final int BATCH_BYTES = 128 << 10;

    private final String name;
    private final Duration commitInterval;
    private final KafkaSettings kafka;
    private final Supplier<Topology> topology;
    private final Path stateDirectory;
    private final String instanceId;
    private final Thread thread;
    private final CountDownLatch closing = new CountDownLatch(1);
    private volatile String waitingFor = "it was not started yet";
    private volatile boolean following;

    /**
     * @param name of the application, as {@code curator}; the thread is {@code trainer-} and that
     * @param commitInterval how long what it writes may take to be seen
     * @param stateDirectory of its stores; it can be lost, the topics behind them have it all
     * @param instanceId stable over restarts and unique among the processes of the application: after a kill the group
     *     knows the new process at once, and needn't wait until the session of the one that was killed expires
     */
    public TopologyRunner(
            String name,
            KafkaSettings kafka,
            Supplier<Topology> topology,
            Duration commitInterval,
            Path stateDirectory,
            String instanceId) {
        this.name = name;
        this.thread = new Thread(this::run, "trainer-" + name);
        this.commitInterval = commitInterval;
        this.kafka = kafka;
        this.topology = topology;
        this.stateDirectory = stateDirectory;
        this.instanceId = instanceId;
        thread.setDaemon(true);
    }

    public void start() {
        thread.start();
    }

    /** Why it doesn't run now; empty where all is well. */
    public String waitingFor() {
        return waitingFor;
    }

    private void run() {
        Duration pause = Duration.ofMillis(500);
        try {
            while (closing.getCount() > 0) {
                try {
                    waitingFor = "Kafka's topics";
                    TopicBootstrap.ensure(kafka, kafka.specs());
                    follow();
                } catch (RuntimeException e) {
                    waitingFor = e.toString();
                    LOG.warn("{} stopped and starts again in {}: {}", name, pause, e.toString());
                }
                if (closing.await(pause.toMillis(), TimeUnit.MILLISECONDS)) {
                    return;
                }
                pause = pause.multipliedBy(2).compareTo(LONGEST_PAUSE) < 0 ? pause.multipliedBy(2) : LONGEST_PAUSE;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            waitingFor = "it is closed";
        }
    }

    /** Runs one instance until it fails or this is closed. */
    private void follow() throws InterruptedException {
        try (StateMemory memory = new StateMemory(STATE_BYTES)) {
            follow(new KafkaStreams(topology.get(), properties(memory)));
        }
    }

    private void follow(KafkaStreams streams) throws InterruptedException {
        following = true;
        try {
            streams.setUncaughtExceptionHandler(e -> {
                LOG.warn("{} failed: {}", name, e.toString(), e);
                return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
            });
            streams.start();
            do {
                waitingFor = streams.state() == KafkaStreams.State.RUNNING ? "" : name + " is " + streams.state();
                if (streams.state().hasCompletedShutdown()) {
                    throw new IllegalStateException("the topology ended: " + streams.state());
                }
            } while (!closing.await(100, TimeUnit.MILLISECONDS));
        } finally {
            following = false;
            // Who leaves in good order makes room at once; who failed is expected back.
            if (!streams.close(
                    new KafkaStreams.CloseOptions().timeout(STOP_AT_MOST).leaveGroup(closing.getCount() == 0))) {
                LOG.warn("{} didn't stop within {}; leaving it behind", name, STOP_AT_MOST);
            }
        }
    }

    private Properties properties(StateMemory memory) {
        Properties properties = new Properties();
        properties.putAll(kafka.clientProperties());
        properties.putAll(Map.of(
                StreamsConfig.APPLICATION_ID_CONFIG,
                kafka.topics().id(name),
                StreamsConfig.STATE_DIR_CONFIG,
                stateDirectory.toString(),
                StreamsConfig.PROCESSING_GUARANTEE_CONFIG,
                StreamsConfig.EXACTLY_ONCE_V2,
                StreamsConfig.COMMIT_INTERVAL_MS_CONFIG,
                commitInterval.toMillis(),
                StreamsConfig.NUM_STREAM_THREADS_CONFIG,
                1,
                StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG,
                4L << 20,
                StreamsConfig.topicPrefix(TopicConfig.MAX_MESSAGE_BYTES_CONFIG),
                Integer.toString(Topics.MAX_DERIVED_BYTES)));
        properties.put(StreamsConfig.ROCKSDB_CONFIG_SETTER_CLASS_CONFIG, StateMemory.Bounds.class);
        properties.put(StateMemory.CONFIG, memory);
        properties.put(StreamsConfig.producerPrefix(ProducerConfig.MAX_REQUEST_SIZE_CONFIG), Topics.MAX_SYSTEM_BYTES);
        properties.put(StreamsConfig.producerPrefix(ProducerConfig.BATCH_SIZE_CONFIG), BATCH_BYTES);
        properties.put(StreamsConfig.producerPrefix(ProducerConfig.TRANSACTION_TIMEOUT_CONFIG), 10_000);
        properties.put(StreamsConfig.consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
        properties.put(StreamsConfig.consumerPrefix(ConsumerConfig.GROUP_INSTANCE_ID_CONFIG), instanceId);
        properties.put(StreamsConfig.consumerPrefix(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG), 10_000);
        properties.put(StreamsConfig.consumerPrefix(ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG), 1_000);
        return properties;
    }

    @Override
    public void close() {
        closing.countDown();
        try {
            if (!following) {
                thread.interrupt(); // it may be waiting for Kafka
            }
            thread.join(STOP_AT_MOST.multipliedBy(2).toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
