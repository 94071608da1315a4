package io.millrace.standalone.process;

import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** What became of every example that a system's Kafka has. */
final class Outcomes {
    private Outcomes() {}

    /** The outcomes of each input record, by its position; returns once each has one. */
    static Map<String, List<String>> ofEachExample(String kafka, Duration atMost) {
        Map<String, Object> properties = Map.of(
                "bootstrap.servers", kafka, "isolation.level", "read_committed", "auto.offset.reset", "earliest");
        try (KafkaConsumer<byte[], byte[]> consumer =
                new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            long examples = consumer.endOffsets(partitions(consumer, "millrace.examples")).values().stream()
                    .mapToLong(Long::longValue)
                    .sum();
            consumer.assign(partitions(consumer, "millrace.outcomes"));
            consumer.seekToBeginning(consumer.assignment());
            List<JsonNode> seen = new ArrayList<>();
            await().atMost(atMost).until(() -> {
                consumer.poll(Duration.ofMillis(500))
                        .forEach(r -> seen.add(OneSystem.parse(new String(r.value(), StandardCharsets.UTF_8))));
                return bySource(seen).size() >= examples;
            });
            return bySource(seen);
        }
    }

    private static Map<String, List<String>> bySource(List<JsonNode> outcomes) {
        return outcomes.stream()
                .collect(Collectors.groupingBy(
                        outcome -> outcome.path("source").toString(),
                        Collectors.mapping(outcome -> outcome.path("outcome").asText(), Collectors.toList())));
    }

    private static List<TopicPartition> partitions(KafkaConsumer<?, ?> consumer, String topic) {
        return consumer.partitionsFor(topic).stream()
                .map(info -> new TopicPartition(topic, info.partition()))
                .toList();
    }
}
