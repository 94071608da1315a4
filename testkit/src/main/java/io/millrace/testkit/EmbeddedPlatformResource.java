package io.millrace.testkit;

import io.millrace.embedded.EmbeddedKafka;
import io.millrace.embedded.EmbeddedS3;
import io.quarkus.test.common.QuarkusTestResourceLifecycleManager;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * A real Kafka and a real S3 on free loopback ports for a {@code @QuarkusTest}, with the configuration that points at
 * them. Arguments: {@code kafka=false} or {@code s3=false} leave one out (its address is then one where nothing
 * listens); {@code partitions=N} (default 2); any other is passed on as a configuration key.
 *
 * <p>A test can have them injected: fields of type {@link EmbeddedKafka}, {@link EmbeddedS3} and, for a scratch
 * directory, {@link Path} named {@code scratch}.
 */
public final class EmbeddedPlatformResource implements QuarkusTestResourceLifecycleManager {
    private static final EmbeddedS3.Credentials CREDENTIALS = new EmbeddedS3.Credentials("millrace", "millrace-secret");
    private static final String BUCKET = "millrace";
    private static final String NOWHERE = "127.0.0.1:9"; // discard: nothing listens there

    private final List<AutoCloseable> started = new ArrayList<>();
    private Map<String, String> arguments = Map.of();
    private Path scratch = Path.of("target");
    private EmbeddedKafka kafka;
    private EmbeddedS3 s3;

    @Override
    public void init(Map<String, String> initArgs) {
        arguments = Map.copyOf(initArgs);
    }

    @Override
    public Map<String, String> start() {
        Map<String, String> config = new TreeMap<>(arguments);
        boolean withKafka = !"false".equals(config.remove("kafka"));
        boolean withS3 = !"false".equals(config.remove("s3"));
        String partitions = config.remove("partitions");
        try {
            scratch = Files.createTempDirectory("millrace-test-");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        if (withKafka) {
            kafka = EmbeddedKafka.startOnFreePorts(scratch.resolve("kafka"));
            started.add(kafka);
        }
        if (withS3) {
            s3 = EmbeddedS3.startOnFreePort(scratch.resolve("s3"), CREDENTIALS, BUCKET);
            started.add(s3);
        }
        config.put("millrace.kafka.bootstrap-servers", withKafka ? kafka.bootstrapServers() : NOWHERE);
        config.put("millrace.kafka.partitions", partitions == null ? "2" : partitions);
        config.put("millrace.s3.endpoint", withS3 ? s3.endpoint().toString() : "http://" + NOWHERE);
        config.put("millrace.s3.access-key", CREDENTIALS.accessKey());
        config.put("millrace.s3.secret-key", CREDENTIALS.secretKey());
        config.put("millrace.s3.bucket", BUCKET);
        config.put("millrace.s3.region", "us-east-1");
        config.putIfAbsent("millrace.data-dir", scratch.resolve("data").toString());
        config.putIfAbsent("quarkus.http.host", "127.0.0.1");
        config.putIfAbsent("quarkus.http.test-port", "0");
        return config;
    }

    @Override
    public void inject(TestInjector injector) {
        if (kafka != null) {
            injector.injectIntoFields(kafka, new TestInjector.MatchesType(EmbeddedKafka.class));
        }
        if (s3 != null) {
            injector.injectIntoFields(s3, new TestInjector.MatchesType(EmbeddedS3.class));
        }
        injector.injectIntoFields(
                scratch,
                field -> field.getType() == Path.class && field.getName().equals("scratch"));
    }

    @Override
    public void stop() {
        for (int i = started.size() - 1; i >= 0; i--) {
            try {
                started.get(i).close();
            } catch (Exception e) { // AutoCloseable declares it; the rest must stop all the same
                System.err.println("test platform: " + e.getMessage());
            }
        }
        started.clear();
        if (!scratch.equals(Path.of("target"))) {
            delete(scratch);
        }
    }

    private static void delete(Path directory) {
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            System.err.println("test platform: " + e.getMessage());
        }
    }
}
