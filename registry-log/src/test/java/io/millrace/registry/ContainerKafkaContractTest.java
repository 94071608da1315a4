package io.millrace.registry;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.condition.EnabledIf;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.kafka.KafkaContainer;

/** The image of the compose file, where Docker is at hand. */
@EnabledIf(value = "dockerAnswers", disabledReason = "no Docker daemon answers, and this Kafka runs in a container")
class ContainerKafkaContractTest extends KafkaContract {
    private static KafkaContainer kafka;

    static boolean dockerAnswers() {
        return DockerClientFactory.instance().isDockerAvailable();
    }

    @BeforeAll
    static void start() {
        kafka = new KafkaContainer("apache/kafka:4.1.1");
        kafka.start();
    }

    @AfterAll
    static void stop() {
        kafka.close();
    }

    @Override
    protected String bootstrapServers() {
        return kafka.getBootstrapServers();
    }
}
