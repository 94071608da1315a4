package io.millrace.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.core.AdapterName;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** How long after its record in the registry's log a version is answered with, everything else going on. */
@Command(
        name = "publish",
        mixinStandardHelpOptions = true,
        description = "Time from a version's registry record to the first answer with it. Trains an adapter of its own;"
                + " without --server in a system of its own, on nano.")
public final class PublishBench implements Callable<Integer> {
    private static final Duration PATIENCE = Duration.ofMinutes(5);
    private static final Duration BETWEEN_QUESTIONS = Duration.ofMillis(20);
    private static final Duration BETWEEN_CUTS = Duration.ofMillis(500);

    private final ObjectMapper json = new ObjectMapper();
    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    @Spec
    private CommandSpec spec;

    @Option(names = "--server", paramLabel = "URL", description = "A running system that may be taught.")
    private Optional<String> server;

    @Option(
            names = "--token",
            defaultValue = "${env:MILLRACE_TOKEN:-}",
            description = "Bearer token, where one is needed.")
    private String token;

    @Option(names = "--adapter", defaultValue = "bench/publish", description = "What it trains (${DEFAULT-VALUE}).")
    private String adapter;

    @Option(names = "--versions", defaultValue = "5", description = "Versions to measure (${DEFAULT-VALUE}).")
    private int versions;

    @Option(names = "--examples", defaultValue = "16", description = "Examples of each version (${DEFAULT-VALUE}).")
    private int examples;

    @Override
    public Integer call() throws Exception {
        if (server.isPresent()) {
            print(measure(server.get()));
            return 0;
        }
        try (OwnSystem system = OwnSystem.start(Optional.empty())) {
            print(measure(system.url()));
        }
        return 0;
    }

    private Map<String, Object> measure(String url) throws Exception {
        AdapterName name = AdapterName.parse(adapter);
        JsonNode info = json.readTree(send(url, "GET", "/api/v1/info", "").body());
        List<Long> millis = new ArrayList<>();
        String answering = answeredBy(url, name).orElse("");
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", info.at("/kafka/bootstrap_servers").asText()),
                new StringSerializer(),
                new StringSerializer())) {
            for (int version = 0; version < versions; version++) {
                teach(producer, info.at("/kafka/topic_prefix").asText() + "examples", name, version);
                Answered next = awaitAnother(url, name, answering);
                answering = next.version();
                millis.add(Duration.between(publishedAt(url, name, answering), next.at())
                        .toMillis());
            }
        }
        List<Long> sorted = millis.stream().sorted().toList();
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("bench", "publish");
        line.put("base", info.at("/base/name").asText());
        line.put("versions", versions);
        line.put("record_to_answer_ms", millis);
        line.put("record_to_answer_ms_median", sorted.get(sorted.size() / 2));
        line.put("record_to_answer_ms_worst", sorted.get(sorted.size() - 1));
        return line;
    }

    private void teach(KafkaProducer<String, String> producer, String topic, AdapterName name, int version)
            throws Exception {
        String run = Instant.now().toString();
        for (int i = 0; i < examples; i++) {
            String example = json.writeValueAsString(Map.of(
                    "adapter",
                    name.toString(),
                    "prompt",
                    "Parcel " + i + " of round " + version + " at " + run + "?",
                    "completion",
                    "On its way."));
            producer.send(new ProducerRecord<>(topic, example)).get();
        }
    }

    private record Answered(String version, Instant at) {}

    /** Asks again and again, and now and then for a version, until another one answers. */
    private Answered awaitAnother(String url, AdapterName name, String before)
            throws IOException, InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        long nextCut = System.nanoTime();
        while (System.nanoTime() < deadline) {
            if (System.nanoTime() > nextCut) {
                // Refused while nothing of the adapter has arrived; asked again then.
                send(url, "POST", "/api/v1/trainer/adapters/" + name + "/cut", "{}");
                nextCut = System.nanoTime() + BETWEEN_CUTS.toNanos();
            }
            Optional<String> answering = answeredBy(url, name);
            Instant now = Instant.now();
            if (answering.isPresent() && !answering.get().equals(before)) {
                return new Answered(answering.get(), now);
            }
            Thread.sleep(BETWEEN_QUESTIONS.toMillis());
        }
        throw new MillraceException(
                ErrorCode.TIMED_OUT,
                name + " has no new champion after " + PATIENCE.toSeconds() + " s; see 'millrace adapters versions "
                        + name + "'");
    }

    /** The version that answers; empty while the adapter isn't known. */
    private Optional<String> answeredBy(String url, AdapterName name) throws IOException, InterruptedException {
        Map<String, Object> question = Map.of(
                "model", name.toString(),
                "messages", List.of(Map.of("role", "user", "content", "Where is it?")),
                "max_tokens", 1);
        HttpResponse<String> response = send(url, "POST", "/v1/chat/completions", json.writeValueAsString(question));
        return response.statusCode() == 200
                ? Optional.of(json.readTree(response.body())
                        .at("/millrace/adapters/0/version")
                        .asText())
                : Optional.empty();
    }

    /** The time of the record that published it: Kafka's, of this same machine where the system runs on it. */
    private Instant publishedAt(String url, AdapterName name, String version) throws IOException, InterruptedException {
        HttpResponse<String> response = send(url, "GET", "/api/v1/adapters/" + name + "/versions/" + version, "");
        return Instant.parse(json.readTree(response.body()).path("published_at").asText());
    }

    private HttpResponse<String> send(String url, String method, String path, String body)
            throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url + path))
                .timeout(PATIENCE)
                .header("Content-Type", "application/json")
                .method(method, HttpRequest.BodyPublishers.ofString(body));
        if (!token.isEmpty()) {
            request.header("Authorization", "Bearer " + token);
        }
        return http.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    private void print(Map<String, Object> line) throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        out.println(json.writeValueAsString(line));
        out.flush();
    }
}
