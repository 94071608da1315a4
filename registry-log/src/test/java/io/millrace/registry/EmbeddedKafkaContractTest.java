package io.millrace.registry;

import io.millrace.embedded.EmbeddedKafka;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;

/** The Kafka of {@code up}. */
class EmbeddedKafkaContractTest extends KafkaContract {
    @TempDir
    static Path directory;

    private static EmbeddedKafka kafka;

    @BeforeAll
    static void start() {
        kafka = EmbeddedKafka.startOnFreePorts(directory.resolve("kafka"));
    }

    @AfterAll
    static void stop() {
        kafka.close();
    }

    @Override
    protected String bootstrapServers() {
        return kafka.bootstrapServers();
    }
}
