package io.millrace.standalone.cli;

import io.millrace.standalone.client.ServerClient;
import io.millrace.standalone.client.SystemInfo;
import io.millrace.topics.KafkaSettings;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Which running system's Kafka a command talks to. */
public final class KafkaOptions {
    @Mixin
    private ServerOptions server;

    @Option(
            names = "--kafka",
            paramLabel = "HOST:PORT",
            description = "The system's Kafka, where it isn't the one that the server tells.")
    private Optional<String> kafka;

    public ServerClient server() {
        return server.client();
    }

    public KafkaSettings settings() {
        SystemInfo info = kafka.isPresent()
                ? new SystemInfo(kafka.get(), KafkaSettings.DEFAULT_PREFIX, "", "")
                : SystemInfo.of(server.client());
        return new KafkaSettings(info.kafka(), info.topicPrefix(), KafkaSettings.EMBEDDED_PARTITIONS, Map.of());
    }
}
