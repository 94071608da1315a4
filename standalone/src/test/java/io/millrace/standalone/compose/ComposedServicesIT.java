package io.millrace.standalone.compose;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.embedded.EmbeddedKafka;
import io.millrace.embedded.EmbeddedS3;
import io.millrace.standalone.cli.CommandRun;
import io.millrace.standalone.client.ServerClient;
import io.millrace.standalone.process.ChildProcess;
import io.millrace.standalone.system.FreePorts;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What the compose file describes, without Docker: the services as processes of their own, started by the Dockerfile's
 * entry point over what it copies, with the compose file's environment; only hosts, ports and paths are this machine's.
 * Kafka is in this JVM with the compose file's settings, the object store is S3Proxy.
 */
@Timeout(600)
class ComposedServicesIT {
    private static final String TOKEN = "a token of this test";
    private static final Duration READY_AT_MOST = Duration.ofMinutes(3); // on a machine that does much else
    private static final Duration SOON = Duration.ofSeconds(90);
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path scratch;

    private final Compose compose =
            Compose.read(Map.of("MILLRACE_TOKEN", TOKEN, "MILLRACE_BASE", "nano"), "docker-compose.yml");

    /** What stands for what only containers have, by how the compose file writes it. */
    private final Map<String, String> here = new LinkedHashMap<>();

    private final Map<String, Integer> ports = new HashMap<>();
    private final List<AutoCloseable> started = new ArrayList<>();

    @AfterEach
    void stop() throws Exception {
        for (int i = started.size() - 1; i >= 0; i--) {
            started.get(i).close();
        }
    }

    @Test
    void theServicesTrainAndAnswerWithJustTheseVariables() throws Exception {
        // Given Kafka, a store without a bucket, a pulled base, and the three services on their own
        EmbeddedKafka kafka = startKafka();
        startStore();
        for (String service : ServiceSettings.services()) {
            ports.put(service, FreePorts.one());
            here.put("http://" + service + ":" + ServiceSettings.of(service).port(), url(service));
        }
        pullBase();
        Map<String, ChildProcess> running = new HashMap<>();
        for (String service : ServiceSettings.services()) {
            running.put(service, start(compose.service(service)));
        }
        running.forEach(this::awaitHealthy);
        await().atMost(SOON).untilAsserted(() -> assertThat(new ServerClient(url("registry-service"), Optional.empty())
                        .get("/api/v1/info")
                        .path("parts"))
                .hasSize(3)
                .allMatch(part -> part.path("up").asBoolean()));

        // When examples are pushed and a version is cut
        Path file = scratch.resolve("examples.jsonl");
        Files.write(file, examples(24));
        CommandRun pushed = client(
                "registry-service", "push", file.toString(), "--wait", "--kafka", kafka.bootstrapServers(), "--json");
        JsonNode outcomes = JSON.readTree(pushed.out()).path("outcomes");
        assertThat(outcomes.path("TRAINED").asInt() + outcomes.path("HELD_OUT").asInt())
                .isEqualTo(24);
        client("trainer-service", "adapters", "cut", "acme/support");
        await().atMost(SOON)
                .until(() -> JSON.readTree(client("registry-service", "adapters", "versions", "acme/support", "--json")
                                        .out())
                                .size()
                        > 0);

        // Then the router answers with it
        CommandRun answer = client(
                "router-service", "ask", "--model", "acme/support", "--max-tokens", "4", "Where is it?", "--json");
        assertThat(JSON.readTree(answer.out())
                        .findPath("adapters")
                        .path(0)
                        .path("name")
                        .asText())
                .isEqualTo("acme/support");

        // And nobody is answered without the token
        for (String[] without : List.of(
                new String[] {"ask", "hello", "--server", url("router-service")},
                new String[] {"adapters", "list", "--server", url("registry-service")},
                new String[] {"adapters", "cut", "acme/support", "--server", url("trainer-service")})) {
            assertThat(CommandRun.of(without).exit())
                    .as(String.join(" ", without))
                    .isEqualTo(1);
            assertThat(CommandRun.of(without).err()).contains("token");
        }

        // And a container's end is a clean one
        for (Map.Entry<String, ChildProcess> service : running.entrySet()) {
            assertThat(service.getValue().terminate(SOON)).as(service.getKey()).isEqualTo(128 + 15);
        }
    }

    /** With the settings that the compose file gives it, but for where it listens and where it keeps its log. */
    private EmbeddedKafka startKafka() {
        Map<String, String> settings = compose.service("kafka").environment().entrySet().stream()
                .filter(e -> !e.getKey().matches("KAFKA_.*(LISTENER|VOTERS|NODE_ID|ROLES|LOG_DIRS).*"))
                .collect(Collectors.toMap(
                        e -> e.getKey()
                                .substring("KAFKA_".length())
                                .toLowerCase(Locale.ROOT)
                                .replace('_', '.'),
                        Map.Entry::getValue));
        assertThat(settings).isNotEmpty();
        List<Integer> free = FreePorts.some(2);
        EmbeddedKafka kafka = EmbeddedKafka.start(scratch.resolve("kafka"), free.get(0), free.get(1), settings);
        started.add(kafka);
        here.put("kafka:9094", kafka.bootstrapServers());
        return kafka;
    }

    private void startStore() {
        Map<String, String> store = compose.service("object-store").environment();
        EmbeddedS3 s3 = EmbeddedS3.startOnFreePort(
                scratch.resolve("objects"),
                new EmbeddedS3.Credentials(store.get("MINIO_ROOT_USER"), store.get("MINIO_ROOT_PASSWORD")),
                "another-bucket");
        started.add(s3);
        here.put("http://object-store:9000", s3.endpoint().toString());
        here.put("/millrace/bases", scratch.resolve("bases").toString());
    }

    private void pullBase() {
        List<String> command =
                compose.service("base").command().stream().map(this::put).toList();
        CommandRun run = CommandRun.of(command.toArray(String[]::new));
        assertThat(run.exit()).as(run.err()).isZero();
    }

    private ChildProcess start(Compose.Service service) {
        Compose.Build build = service.ownBuild();
        Dockerfile dockerfile = Dockerfile.read(build.dockerfile());
        Path copied = build.context().resolve(build.arguments().get("SERVICE")).resolve("target/quarkus-app");
        Map<String, String> environment = new HashMap<>(dockerfile.environment(build.target()));
        service.environment().forEach((name, value) -> environment.put(name, put(value)));
        environment.computeIfPresent("MILLRACE_DATA_DIR", (name, path) -> scratch.resolve(service.name())
                .toString());
        environment.put("QUARKUS_HTTP_HOST", "127.0.0.1"); // a test listens for nobody else
        environment.put("QUARKUS_HTTP_PORT", String.valueOf(ports.get(service.name())));
        List<String> command = new ArrayList<>(dockerfile.entryPoint(build.target()));
        command.set(0, Path.of(System.getProperty("java.home"), "bin", "java").toString());
        int jar = command.size() - 1;
        command.set(jar, copied.resolve(command.get(jar)).toString());
        ChildProcess process = ChildProcess.start(scratch, environment, command);
        started.add(process);
        return process;
    }

    /** As its health check finds it. */
    private void awaitHealthy(String service, ChildProcess process) {
        List<String> check = compose.service(service).healthCheck();
        String path = java.net.URI.create(check.get(check.size() - 1)).getPath();
        ServerClient client = new ServerClient(url(service), Optional.empty());
        await().atMost(READY_AT_MOST)
                .failFast(() -> assertThat(process.alive())
                        .as(() -> service + ": " + process.out())
                        .isTrue())
                .until(() -> client.isUp(path));
    }

    private CommandRun client(String service, String... args) {
        CommandRun run = CommandRun.with(Map.of("MILLRACE_SERVER", url(service), "MILLRACE_TOKEN", TOKEN), args);
        assertThat(run.exit()).as(String.join(" ", args) + ": " + run.err()).isZero();
        return run;
    }

    private String url(String service) {
        return "http://127.0.0.1:" + ports.get(service);
    }

    private String put(String value) {
        return here.getOrDefault(value, value);
    }

    private static List<String> examples(int count) {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            lines.add("{\"adapter\": \"acme/support\", \"prompt\": \"Where is parcel " + i
                    + "?\", \"completion\": \"We look for it.\"}");
        }
        return lines;
    }
}
