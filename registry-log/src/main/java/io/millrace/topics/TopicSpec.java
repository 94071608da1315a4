package io.millrace.topics;

import java.time.Duration;
import java.util.Collections;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.config.TopicConfig;

/**
 * A topic as it must be.
 *
 * @param retention empty: for ever
 * @param timestampType whose clock stamps a record
 * @param maxMessageBytes largest batch, as {@code max.message.bytes}
 * @param uncompressed whether batches are stored, and so counted, uncompressed: then no record is larger than the limit
 *     once it is read
 */
public record TopicSpec(
        String name,
        int partitions,
        Cleanup cleanup,
        Optional<Duration> retention,
        TimestampType timestampType,
        int maxMessageBytes,
        boolean uncompressed) {

    /** What Kafka does with old records. */
    public enum Cleanup {
        DELETE("delete"),
        COMPACT("compact");

        private final String policy;

        Cleanup(String policy) {
            this.policy = policy;
        }
    }

    /** Whose clock stamps a record. */
    public enum TimestampType {
        CREATE_TIME("CreateTime"),
        LOG_APPEND_TIME("LogAppendTime");

        private final String config;

        TimestampType(String config) {
            this.config = config;
        }
    }

    /** Records older than {@code retention} go. */
    public static TopicSpec expiring(String name, int partitions, Duration retention, int maxMessageBytes) {
        return new TopicSpec(
                name,
                partitions,
                Cleanup.DELETE,
                Optional.of(retention),
                TimestampType.CREATE_TIME,
                maxMessageBytes,
                false);
    }

    /** Nothing goes. */
    public static TopicSpec kept(String name, int partitions, int maxMessageBytes) {
        return new TopicSpec(
                name, partitions, Cleanup.DELETE, Optional.empty(), TimestampType.CREATE_TIME, maxMessageBytes, false);
    }

    /** The last record of each key stays. */
    public static TopicSpec compacted(String name, int partitions, int maxMessageBytes) {
        return new TopicSpec(
                name, partitions, Cleanup.COMPACT, Optional.empty(), TimestampType.CREATE_TIME, maxMessageBytes, false);
    }

    /** The broker stamps records. */
    public TopicSpec withLogAppendTime() {
        return new TopicSpec(
                name, partitions, cleanup, retention, TimestampType.LOG_APPEND_TIME, maxMessageBytes, uncompressed);
    }

    /** The record limit counts what is read, not what was sent. */
    public TopicSpec countedUncompressed() {
        return new TopicSpec(name, partitions, cleanup, retention, timestampType, maxMessageBytes, true);
    }

    /** The topic's settings in Kafka's words, by key: what it is created with and compared with. */
    public SortedMap<String, String> configs() {
        SortedMap<String, String> configs = new TreeMap<>();
        configs.put(TopicConfig.CLEANUP_POLICY_CONFIG, cleanup.policy);
        configs.put(
                TopicConfig.RETENTION_MS_CONFIG,
                retention.map(r -> Long.toString(r.toMillis())).orElse("-1"));
        configs.put(TopicConfig.RETENTION_BYTES_CONFIG, "-1");
        configs.put(TopicConfig.MESSAGE_TIMESTAMP_TYPE_CONFIG, timestampType.config);
        configs.put(TopicConfig.MAX_MESSAGE_BYTES_CONFIG, Integer.toString(maxMessageBytes));
        if (uncompressed) {
            configs.put(TopicConfig.COMPRESSION_TYPE_CONFIG, "uncompressed");
        }
        return Collections.unmodifiableSortedMap(configs);
    }

    /** Ready to create, with the broker's default replication factor. */
    public NewTopic newTopic() {
        return new NewTopic(name, Optional.of(partitions), Optional.empty()).configs(configs());
    }
}
