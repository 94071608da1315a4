package io.millrace.standalone.cli;

import io.millrace.standalone.system.LocalSystem;
import io.millrace.standalone.system.SystemOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "up",
        description = "Starts the whole system in one process and keeps it running until it is told to stop.",
        mixinStandardHelpOptions = true)
final class UpCommand implements Runnable {
    private static final Duration READY_AT_MOST = Duration.ofMinutes(5);

    @Mixin
    private Out out;

    @Mixin
    private BaseOptions base;

    @Option(
            names = "--data-dir",
            paramLabel = "D",
            defaultValue = "data",
            description = "Where everything is kept. Default: ${DEFAULT-VALUE}")
    private Path dataDir;

    @Option(
            names = "--host",
            paramLabel = "ADDRESS",
            defaultValue = SystemOptions.LOOPBACK,
            description = "Address of the HTTP interface; another one needs a token. Default: ${DEFAULT-VALUE}")
    private String host;

    @Option(
            names = "--port",
            defaultValue = "8080",
            converter = OptionValues.Port.class,
            description = "HTTP. Default: ${DEFAULT-VALUE}")
    private int port;

    @Option(
            names = "--kafka-port",
            defaultValue = "9092",
            converter = OptionValues.Port.class,
            description = "Kafka. Default: ${DEFAULT-VALUE}")
    private int kafkaPort;

    @Option(
            names = "--s3-port",
            defaultValue = "9000",
            converter = OptionValues.Port.class,
            description = "Object store. Default: ${DEFAULT-VALUE}")
    private int s3Port;

    @Option(names = "--token", paramLabel = "TOKEN", description = "What requests must carry as bearer token.")
    private Optional<String> token;

    @Override
    public void run() {
        BaseOptions.Chosen chosen = base.choose(out::note);
        Map<String, String> settings = new HashMap<>(chosen.settings());
        SystemOptions options =
                new SystemOptions(dataDir, chosen.name(), host, port, kafkaPort, s3Port, token, settings);
        try (LocalSystem system = LocalSystem.start(options, chosen.id())) {
            system.awaitReady(READY_AT_MOST);
            System.out.println("READY " + options.url());
            system.awaitEnd();
        }
    }
}
