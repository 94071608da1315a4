package io.millrace.trainer.worker;

import io.millrace.topics.KafkaSettings;
import io.millrace.topics.Topics;
import java.util.Map;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** A worker's Kafka clients. Its membership and its transactional id are stable over restarts. */
record Clients(KafkaSettings kafka, String workerId) {

    /** A member of the workers' group. */
    Consumer<byte[], byte[]> member() {
        Map<String, Object> properties = reading("worker");
        properties.put(ConsumerConfig.GROUP_INSTANCE_ID_CONFIG, workerId);
        properties.put(ConsumerConfig.PARTITION_ASSIGNMENT_STRATEGY_CONFIG, CooperativeStickyAssignor.class.getName());
        properties.put(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG, 10_000);
        properties.put(ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG, 1_000);
        properties.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, 2_000);
        return new KafkaConsumer<>(properties);
    }

    /** Reads the journal and the group's offsets without being a member. */
    Consumer<byte[], byte[]> reader() {
        return new KafkaConsumer<>(reading("recovery"));
    }

    private Map<String, Object> reading(String purpose) {
        Map<String, Object> properties = kafka.clientProperties();
        properties.put(CommonClientConfigs.CLIENT_ID_CONFIG, id("trainer-" + workerId + "-" + purpose));
        properties.put(ConsumerConfig.GROUP_ID_CONFIG, id("trainer"));
        properties.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
        properties.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
        properties.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        properties.put(ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG, Topics.MAX_SYSTEM_BYTES);
        properties.put(ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class);
        properties.put(ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class);
        return properties;
    }

    Producer<byte[], byte[]> producer() {
        Map<String, Object> properties = kafka.clientProperties();
        properties.put(CommonClientConfigs.CLIENT_ID_CONFIG, id("trainer-" + workerId));
        properties.put(ProducerConfig.TRANSACTIONAL_ID_CONFIG, id("trainer-" + workerId));
        properties.put(ProducerConfig.TRANSACTION_TIMEOUT_CONFIG, 10_000);
        properties.put(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, 5_000);
        properties.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, 10_000);
        properties.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, 15_000);
        properties.put(ProducerConfig.MAX_REQUEST_SIZE_CONFIG, Topics.MAX_SYSTEM_BYTES);
        properties.put(ProducerConfig.LINGER_MS_CONFIG, 0);
        properties.put(ProducerConfig.KEY_SERIALIZER_CLASS_CONFIG, ByteArraySerializer.class);
        properties.put(ProducerConfig.VALUE_SERIALIZER_CLASS_CONFIG, ByteArraySerializer.class);
        return new KafkaProducer<>(properties);
    }

    Admin admin() {
        Map<String, Object> properties = kafka.clientProperties();
        properties.put(CommonClientConfigs.CLIENT_ID_CONFIG, id("trainer-" + workerId + "-admin"));
        properties.put(AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, 10_000);
        properties.put(AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG, 5_000);
        return Admin.create(properties);
    }

    private String id(String name) {
        return kafka.topics().id(name);
    }
}
