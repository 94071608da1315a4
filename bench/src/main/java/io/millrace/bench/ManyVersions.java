package io.millrace.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.core.AdapterName;
import io.millrace.core.Digest;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.core.VersionId;
import io.millrace.proto.internal.File;
import io.millrace.proto.internal.PublishVersion;
import io.millrace.proto.internal.RegistryRecord;
import io.millrace.registry.CommandOutcome;
import io.millrace.registry.KafkaRegistryLog;
import io.millrace.registry.RegistryState;
import io.millrace.registry.SnapshotStore;
import io.millrace.topics.KafkaSettings;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/** Fills a running system's registry with versions of one adapter, through its log as a trainer does. */
final class ManyVersions {
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final int IN_FLIGHT = 500;

    private ManyVersions() {}

    /** @param ids of the versions, v1 first */
    record Filled(List<VersionId> ids, double seconds) {}

    static Filled fill(String url, AdapterName adapter, int versions) throws IOException, InterruptedException {
        KafkaSettings kafka = kafkaOf(url);
        long start = System.nanoTime();
        List<VersionId> ids = new ArrayList<>();
        long last = -1;
        try (KafkaRegistryLog log = KafkaRegistryLog.start(kafka, SnapshotStore.none())) {
            waitFor(log);
            Deque<CompletableFuture<CommandOutcome>> sent = new ArrayDeque<>();
            for (int i = 1; i <= versions; i++) {
                Digest manifest = Digest.of("manifest " + i + " of " + adapter);
                ids.add(VersionId.of(manifest));
                sent.add(log.submit(publish(adapter, manifest)));
                if (sent.size() >= IN_FLIGHT) {
                    last = Math.max(last, applied(sent.remove()));
                }
            }
            while (!sent.isEmpty()) {
                last = Math.max(last, applied(sent.remove()));
            }
        }
        waitFor(url, last);
        return new Filled(ids, (System.nanoTime() - start) / 1e9);
    }

    private static long applied(CompletableFuture<CommandOutcome> command) {
        CommandOutcome outcome = command.join();
        if (outcome.error().isPresent()) {
            throw new MillraceException(outcome.error().get(), outcome.detail());
        }
        return outcome.offset();
    }

    private static RegistryRecord publish(AdapterName adapter, Digest manifest) {
        return RegistryRecord.newBuilder()
                .setCommandId("bench:" + manifest.hex())
                .setFoldVersion(RegistryState.FOLD_VERSION)
                .setActor("bench")
                .setPublishVersion(PublishVersion.newBuilder()
                        .setAdapter(adapter.toString())
                        .setVersionId(VersionId.of(manifest).hex())
                        .setManifestSha256(manifest.hex())
                        .setBaseId(Digest.of("bench base").hex())
                        .setRank(16)
                        .setAlpha(32)
                        .addAllTargetModules(List.of("q_proj", "v_proj"))
                        .addFiles(file("millrace.json", manifest))
                        .addFiles(file("adapter_config.json", Digest.of("config")))
                        .addFiles(file("README.md", Digest.of("card")))
                        .addFiles(file("adapter_model.safetensors", Digest.of("weights of " + manifest))))
                .build();
    }

    private static File file(String name, Digest digest) {
        return File.newBuilder()
                .setName(name)
                .setSha256(digest.hex())
                .setSizeBytes(1_000)
                .build();
    }

    private static KafkaSettings kafkaOf(String url) throws IOException, InterruptedException {
        HttpResponse<String> response = get(url, "/api/v1/info", Map.of());
        JsonNode kafka = new ObjectMapper().readTree(response.body()).path("kafka");
        return new KafkaSettings(
                kafka.path("bootstrap_servers").asText(),
                kafka.path("topic_prefix").asText(),
                kafka.path("partitions").asInt(),
                Map.of());
    }

    private static void waitFor(KafkaRegistryLog log) throws InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!log.ready()) {
            if (System.nanoTime() > deadline) {
                throw new MillraceException(
                        ErrorCode.KAFKA_UNAVAILABLE, log.status().detail());
            }
            Thread.sleep(50);
        }
    }

    /** Until the server's own fold has passed the last version. */
    private static void waitFor(String url, long offset) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (get(url, "/api/v1/adapters?limit=1", Map.of("X-Registry-Min-Offset", Long.toString(offset)))
                        .statusCode()
                != 200) {
            if (System.nanoTime() > deadline) {
                throw new MillraceException(
                        ErrorCode.TIMED_OUT, url + " didn't reach offset " + offset + " of its registry in time");
            }
        }
    }

    private static HttpResponse<String> get(String url, String path, Map<String, String> headers)
            throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url + path));
        headers.forEach(request::header);
        return HttpClient.newHttpClient().send(request.build(), HttpResponse.BodyHandlers.ofString());
    }
}
