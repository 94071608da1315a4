package io.millrace.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.core.ErrorCode;
import io.millrace.core.ExampleParser;
import io.millrace.core.MillraceException;
import io.millrace.embedded.EmbeddedKafka;
import io.millrace.topics.KafkaSettings;
import io.millrace.topics.TopicBootstrap;
import io.millrace.topics.TopicSpec;
import io.millrace.topics.Topics;
import io.millrace.trainer.curate.AssignHeldOut;
import io.millrace.trainer.curate.Curate;
import io.millrace.trainer.curate.Parse;
import io.millrace.trainer.outcome.DeadLetterTopic;
import io.millrace.trainer.streams.TopologyRunner;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Examples through curate, from the producer's first send to the last curated record that a reader sees. */
@Command(
        name = "ingest",
        mixinStandardHelpOptions = true,
        description =
                "Examples a second from a producer through curate, with a Kafka of its own in this process, beside"
                        + " producing the same records alone.")
public final class IngestBench implements Callable<Integer> {
    private static final Duration PATIENCE = Duration.ofMinutes(10);
    private static final int ADAPTERS = 16;

    @Spec
    private CommandSpec spec;

    @Option(names = "--examples", defaultValue = "100000", description = "Examples to measure (${DEFAULT-VALUE}).")
    private int examples;

    @Option(names = "--bytes", defaultValue = "1024", description = "Bytes of one example (${DEFAULT-VALUE}).")
    private int bytes;

    @Option(names = "--warm-up", defaultValue = "20000", description = "Examples before that (${DEFAULT-VALUE}).")
    private int warmUp;

    @Override
    public Integer call() throws Exception {
        Path directory = Files.createTempDirectory("millrace-ingest-");
        try (EmbeddedKafka broker = EmbeddedKafka.startOnFreePorts(directory.resolve("kafka"))) {
            KafkaSettings kafka = KafkaSettings.of(broker.bootstrapServers());
            List<TopicSpec> topics = new ArrayList<>(kafka.specs());
            topics.add(TopicSpec.expiring("bench.raw", kafka.partitions(), Duration.ofDays(7), Topics.MAX_EXAMPLE_BYTES)
                    .withLogAppendTime()
                    .countedUncompressed());
            TopicBootstrap.ensure(kafka, topics);
            print(measure(kafka, directory));
        } finally {
            UpProcess.deleteFolder(directory);
        }
        return 0;
    }

    private Map<String, Object> measure(KafkaSettings kafka, Path directory) throws InterruptedException {
        String input = kafka.topics().examples();
        try (Producer<byte[], byte[]> producer = producer(kafka);
                KafkaConsumer<byte[], byte[]> curated = curated(kafka);
                TopologyRunner curator = curator(kafka, directory)) {
            produce(producer, "bench.raw", 0, warmUp);
            double raw = examples / produce(producer, "bench.raw", warmUp, examples);

            curator.start();
            produce(producer, input, 0, warmUp);
            await(curated, warmUp);
            long started = System.nanoTime();
            produce(producer, input, warmUp, examples);
            await(curated, examples);
            double ingested = examples / ((System.nanoTime() - started) / 1e9);

            Map<String, Object> line = new LinkedHashMap<>();
            line.put("bench", "ingest");
            line.put("examples", examples);
            line.put("bytes", bytes);
            line.put("examples_per_s", Math.round(ingested));
            line.put("raw_per_s", Math.round(raw));
            line.put("ratio", Math.round(ingested / raw * 1000) / 1000.0);
            return line;
        }
    }

    /** Returns the seconds until the broker has confirmed them all. */
    private double produce(Producer<byte[], byte[]> producer, String topic, int from, int count) {
        AtomicReference<Exception> failure = new AtomicReference<>();
        long started = System.nanoTime();
        for (int i = from; i < from + count; i++) {
            var unused = producer.send(new ProducerRecord<>(topic, example(i)), (at, e) -> {
                if (e != null) {
                    failure.compareAndSet(null, e);
                }
            });
        }
        producer.flush();
        if (failure.get() != null) {
            throw new MillraceException(
                    ErrorCode.KAFKA_UNAVAILABLE,
                    "not all records could be sent to " + topic + ": "
                            + failure.get().getMessage(),
                    failure.get());
        }
        return (System.nanoTime() - started) / 1e9;
    }

    private byte[] example(int number) {
        String head = "{\"adapter\":\"bench/a" + number % ADAPTERS + "\",\"id\":\"" + number
                + "\",\"prompt\":\"what is " + number + "?\",\"completion\":\"";
        String filler = "an answer of some length ".repeat(bytes / 25 + 1);
        return (head + filler.substring(0, Math.max(1, bytes - head.length() - 2)) + "\"}")
                .getBytes(StandardCharsets.UTF_8);
    }

    private static void await(KafkaConsumer<byte[], byte[]> curated, int count) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        int seen = 0;
        while (seen < count) {
            seen += curated.poll(Duration.ofMillis(100)).count();
            if (System.nanoTime() > deadline) {
                throw new MillraceException(
                        ErrorCode.TIMED_OUT, "only " + seen + " of " + count + " examples were curated in " + PATIENCE);
            }
        }
    }

    private static TopologyRunner curator(KafkaSettings kafka, Path directory) {
        Parse parse = new Parse(
                new ExampleParser(Topics.MAX_EXAMPLE_BYTES)::parse, adapter -> true, AssignHeldOut.ONE_IN_FIFTY);
        Curate curate = new Curate(
                kafka.topics(), kafka.partitions(), parse, Duration.ofHours(24), () -> new DeadLetterTopic(kafka));
        return curate.runner(kafka, Duration.ofMillis(100), directory.resolve("streams"), "bench");
    }

    private static Producer<byte[], byte[]> producer(KafkaSettings kafka) {
        Map<String, Object> properties = kafka.clientProperties();
        properties.put(ProducerConfig.ACKS_CONFIG, "all");
        properties.put(ProducerConfig.LINGER_MS_CONFIG, 20);
        properties.put(ProducerConfig.MAX_REQUEST_SIZE_CONFIG, Topics.MAX_EXAMPLE_BYTES);
        return new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer());
    }

    private static KafkaConsumer<byte[], byte[]> curated(KafkaSettings kafka) {
        Map<String, Object> properties = kafka.clientProperties();
        properties.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
        properties.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, 5_000);
        KafkaConsumer<byte[], byte[]> consumer =
                new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer());
        List<TopicPartition> partitions = IntStream.range(0, kafka.partitions())
                .mapToObj(p -> new TopicPartition(kafka.topics().curated(), p))
                .toList();
        consumer.assign(partitions);
        consumer.seekToBeginning(partitions);
        return consumer;
    }

    private void print(Map<String, Object> line) throws Exception {
        PrintWriter out = spec.commandLine().getOut();
        out.println(new ObjectMapper().writeValueAsString(line));
        out.flush();
    }
}
