package io.millrace.registry;

import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.proto.internal.RegistryRecord;
import io.millrace.topics.KafkaSettings;
import io.millrace.topics.Topics;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** Appends commands: idempotent, acknowledged by all replicas, never in a transaction. Sending never blocks a caller. */
final class LogWriter implements AutoCloseable {
    private static final Duration GIVE_UP = Duration.ofSeconds(20);

    private final String topic;
    private final String servers;
    private final KafkaProducer<String, byte[]> producer;
    private final ExecutorService sender;

    LogWriter(KafkaSettings settings) {
        this.topic = settings.topics().registry();
        this.servers = settings.bootstrapServers();
        Map<String, Object> properties = settings.producerProperties();
        properties.put(ProducerConfig.MAX_REQUEST_SIZE_CONFIG, Topics.MAX_SYSTEM_BYTES);
        properties.putIfAbsent(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, 5_000);
        properties.putIfAbsent(ProducerConfig.MAX_BLOCK_MS_CONFIG, 10_000);
        properties.putIfAbsent(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, Math.toIntExact(GIVE_UP.toMillis()));
        properties.putIfAbsent(ProducerConfig.LINGER_MS_CONFIG, 0);
        producer = new KafkaProducer<>(properties, new StringSerializer(), new ByteArraySerializer());
        sender = Executors.newSingleThreadExecutor(task -> new Thread(task, "registry-log-sender"));
    }

    /** @param onError called once where the record wasn't appended, as far as can be known */
    void send(RegistryRecord command, Consumer<MillraceException> onError) {
        ProducerRecord<String, byte[]> record =
                new ProducerRecord<>(topic, 0, RegistryFold.subject(command), command.toByteArray());
        try {
            sender.execute(() -> send(record, onError));
        } catch (RejectedExecutionException e) {
            onError.accept(new MillraceException(ErrorCode.KAFKA_UNAVAILABLE, "the registry's log is closed", e));
        }
    }

    @SuppressWarnings("FutureReturnValueIgnored") // its failure reaches the callback
    private void send(ProducerRecord<String, byte[]> record, Consumer<MillraceException> onError) {
        try {
            producer.send(record, (metadata, error) -> {
                if (error != null) {
                    onError.accept(explain(error));
                }
            });
        } catch (KafkaException | IllegalStateException e) {
            onError.accept(explain(e));
        }
    }

    private MillraceException explain(Exception error) {
        return error instanceof RecordTooLargeException
                ? new MillraceException(
                        ErrorCode.RECORD_TOO_LARGE,
                        "the command is larger than " + Topics.MAX_SYSTEM_BYTES + " bytes; make it smaller",
                        error)
                : new MillraceException(
                        ErrorCode.KAFKA_UNAVAILABLE,
                        "the registry's log in Kafka at " + servers + " can't be written (" + error.getMessage()
                                + "); try again",
                        error);
    }

    @Override
    public void close() {
        sender.shutdown();
        try {
            if (!sender.awaitTermination(1, TimeUnit.SECONDS)) {
                sender.shutdownNow();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        producer.close(Duration.ofSeconds(1));
    }
}
