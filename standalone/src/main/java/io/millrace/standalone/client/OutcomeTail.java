package io.millrace.standalone.client;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** The outcomes topic from one moment on. Not safe for use by many threads. */
public final class OutcomeTail implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Consumer<byte[], byte[]> consumer;
    private final String examplesTopic;

    /** Where an input record lies. */
    public record Position(int partition, long offset) {}

    /**
     * What an input record came to.
     *
     * @param kind {@code TRAINED}, {@code HELD_OUT}, {@code DUPLICATE} or {@code REJECTED}
     * @param code why it was rejected
     * @param loss before the update, of a trained one
     */
    public record Seen(
            Position source, String adapter, String kind, Optional<String> code, OptionalDouble loss, long round) {}

    OutcomeTail(Consumer<byte[], byte[]> consumer, String examplesTopic) {
        this.consumer = consumer;
        this.examplesTopic = examplesTopic;
    }

    /** What has come, waiting a while for the first; possibly nothing. */
    public List<Seen> poll(Duration atMost) {
        List<Seen> seen = new ArrayList<>();
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(atMost)) {
            read(record.value()).ifPresent(seen::add);
        }
        return seen;
    }

    private Optional<Seen> read(byte[] value) {
        JsonNode outcome;
        try {
            outcome = JSON.readTree(value);
        } catch (IOException e) {
            return Optional.empty();
        }
        JsonNode source = outcome.path("source");
        if (!source.path("topic").asText().equals(examplesTopic)) {
            return Optional.empty();
        }
        return Optional.of(new Seen(
                new Position(
                        source.path("partition").asInt(), source.path("offset").asLong()),
                outcome.path("adapter").asText(""),
                outcome.path("outcome").asText(),
                Optional.of(outcome.path("code").asText("")).filter(code -> !code.isEmpty()),
                outcome.path("loss").isNumber()
                        ? OptionalDouble.of(outcome.path("loss").asDouble())
                        : OptionalDouble.empty(),
                outcome.path("round").asLong()));
    }

    @Override
    public void close() {
        consumer.close();
    }
}
