package io.millrace.standalone.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millrace.embedded.EmbeddedKafka;
import io.millrace.embedded.EmbeddedS3;
import io.millrace.standalone.architecture.Repository;
import io.millrace.standalone.system.FreePorts;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Each service as a process of its own, as its container runs it. */
@Timeout(300)
class ServiceStopIT {
    private static final int TERMINATED = 128 + 15;
    private static final Duration STARTED = Duration.ofMinutes(2); // on a machine that does much else
    private static final Duration STOPPED = Duration.ofSeconds(30);

    private final HttpClient http = HttpClient.newHttpClient();

    @TempDir
    Path scratch;

    @ParameterizedTest
    @ValueSource(strings = {"trainer-service", "registry-service", "router-service"})
    void stopsAtOnceThoughKafkaIsGone(String service) throws Exception {
        int port = FreePorts.some(1).get(0);
        EmbeddedS3.Credentials credentials = new EmbeddedS3.Credentials("millrace", "millrace-secret");
        try (EmbeddedS3 store = EmbeddedS3.startOnFreePort(scratch.resolve("s3"), credentials, "millrace");
                EmbeddedKafka kafka = EmbeddedKafka.startOnFreePorts(scratch.resolve("kafka"));
                ChildProcess running = start(service, port, kafka, store)) {
            // Given a service that is ready
            await().atMost(STARTED)
                    .ignoreExceptionsInstanceOf(IOException.class)
                    .until(() -> ready(port).statusCode() == 200);

            // When Kafka goes away, and it says so
            kafka.close();
            await().atMost(STARTED)
                    .ignoreExceptionsInstanceOf(IOException.class)
                    .until(() -> missesKafka(ready(port)));

            // Then it stops when it is told to
            assertThat(running.terminate(STOPPED)).isEqualTo(TERMINATED);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"trainer-service", "registry-service", "router-service"})
    void stopsAtOnceWithoutHavingSeenKafka(String service) throws Exception {
        List<Integer> ports = FreePorts.some(3);
        Map<String, String> environment =
                environment(ports.get(0), "127.0.0.1:" + ports.get(1), "http://127.0.0.1:" + ports.get(2));
        try (ChildProcess running = start(service, environment)) {
            await().atMost(STARTED)
                    .ignoreExceptionsInstanceOf(IOException.class)
                    .until(() -> ready(ports.get(0)).statusCode() == 503);

            assertThat(running.terminate(STOPPED)).isEqualTo(TERMINATED);
        }
    }

    private ChildProcess start(String service, int port, EmbeddedKafka kafka, EmbeddedS3 store) {
        return start(
                service,
                environment(port, kafka.bootstrapServers(), store.endpoint().toString()));
    }

    private ChildProcess start(String service, Map<String, String> environment) {
        Path application = Repository.root().resolve(service).resolve("target/quarkus-app/quarkus-run.jar");
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        return ChildProcess.start(
                scratch,
                environment,
                List.of(
                        java,
                        "-Xmx512m",
                        "-Dai.djl.offline=true",
                        "-Djava.util.logging.manager=org.jboss.logmanager.LogManager",
                        "-jar",
                        application.toString()));
    }

    private Map<String, String> environment(int port, String kafka, String store) {
        return Map.of(
                "QUARKUS_HTTP_PORT",
                String.valueOf(port),
                "MILLRACE_KAFKA_BOOTSTRAP_SERVERS",
                kafka,
                "MILLRACE_S3_ENDPOINT",
                store,
                "MILLRACE_S3_ACCESS_KEY",
                "millrace",
                "MILLRACE_S3_SECRET_KEY",
                "millrace-secret",
                "MILLRACE_S3_BUCKET",
                "millrace",
                "MILLRACE_BASE",
                "nano",
                "MILLRACE_BASE_DIR",
                scratch.resolve("bases").toString(),
                "MILLRACE_DATA_DIR",
                scratch.resolve("data").toString());
    }

    /** A router goes on answering with what it has, and says in its readiness what it misses. */
    private static boolean missesKafka(HttpResponse<String> ready) {
        return ready.statusCode() == 503 || ready.body().contains("\"kafka\"");
    }

    private HttpResponse<String> ready(int port) throws Exception {
        URI uri = URI.create("http://127.0.0.1:" + port + "/q/health/ready");
        return http.send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString());
    }
}
