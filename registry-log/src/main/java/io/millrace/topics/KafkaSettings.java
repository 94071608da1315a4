package io.millrace.topics;

import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.producer.ProducerConfig;

/**
 * Which Kafka a system uses, and under which names.
 *
 * @param bootstrapServers {@code host:port}, several separated by commas
 * @param topicPrefix in front of every topic, group, application and transactional id, as {@code millrace.}
 * @param partitions of every topic but the registry's, fixed when the system is created
 * @param client further properties of every client (security, time-outs)
 */
public record KafkaSettings(String bootstrapServers, String topicPrefix, int partitions, Map<String, String> client) {
    /** The documented default prefix. */
    public static final String DEFAULT_PREFIX = "millrace.";

    /** The documented default partition count of an embedded system. */
    public static final int EMBEDDED_PARTITIONS = 8;

    public KafkaSettings {
        if (bootstrapServers.isBlank()) {
            throw new MillraceException(
                    ErrorCode.BAD_SETTING, "millrace.kafka.bootstrap-servers is empty; set it to host:port");
        }
        if (!topicPrefix.matches("[A-Za-z0-9._-]{0,100}")) {
            throw new MillraceException(
                    ErrorCode.BAD_SETTING,
                    "millrace.kafka.topic-prefix may hold letters, digits, '.', '_' and '-' only, not '" + topicPrefix
                            + "'");
        }
        if (partitions < 1) {
            throw new MillraceException(
                    ErrorCode.BAD_SETTING, "millrace.kafka.partitions must be at least 1, not " + partitions);
        }
        client = Map.copyOf(client);
    }

    /** The defaults of an embedded system at this address. */
    public static KafkaSettings of(String bootstrapServers) {
        return new KafkaSettings(bootstrapServers, DEFAULT_PREFIX, EMBEDDED_PARTITIONS, Map.of());
    }

    /** The names of this system's topics. */
    public Topics topics() {
        return new Topics(topicPrefix);
    }

    /** Every topic of this system as it must be. */
    public List<TopicSpec> specs() {
        return topics().specs(partitions);
    }

    /** What every client (admin, producer, consumer, streams) starts from; a fresh mutable map. */
    public Map<String, Object> clientProperties() {
        Map<String, Object> properties = new HashMap<>(client);
        properties.put(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG, bootstrapServers);
        return properties;
    }

    /**
     * What every producer outside a transaction starts from: idempotent, confirmed by all replicas, one request at a time;
     * a fresh mutable map.
     */
    public Map<String, Object> producerProperties() {
        Map<String, Object> properties = clientProperties();
        properties.put(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, true);
        properties.put(ProducerConfig.ACKS_CONFIG, "all");
        // A starting broker may refuse a new producer's first batch and take the second: the first is then out of order
        // for as long as it is tried again (KAFKA-14359). In a transaction the broker refuses the second, too.
        properties.put(ProducerConfig.MAX_IN_FLIGHT_REQUESTS_PER_CONNECTION, 1);
        return properties;
    }
}
