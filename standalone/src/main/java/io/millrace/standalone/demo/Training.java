package io.millrace.standalone.demo;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import io.millrace.core.AdapterName;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.standalone.cli.Progress;
import io.millrace.standalone.client.ExampleStream;
import io.millrace.standalone.client.OutcomeTail;
import io.millrace.standalone.client.ServerClient;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.apache.kafka.clients.producer.RecordMetadata;

/** Streams the demo's examples into the system and follows them until each is trained and published. */
final class Training {
    private static final Duration POLL = Duration.ofMillis(500);
    private static final Duration STANDSTILL = Duration.ofMinutes(3);
    /** How much a new loss counts in the shown running mean. */
    private static final double SMOOTHING = 0.05;

    private final ServerClient server;
    private final ExampleStream stream;
    private final Consumer<String> note;

    /** What became of one adapter's examples. */
    private static final class Count {
        int trained;
        double loss = Double.NaN;

        void see(OutcomeTail.Seen seen) {
            switch (seen.kind()) {
                case "TRAINED" -> {
                    trained++;
                    seen.loss().ifPresent(l -> loss = Double.isNaN(loss) ? l : loss + SMOOTHING * (l - loss));
                }
                case "HELD_OUT", "DUPLICATE" -> {
                    // Held out by the system itself, or there from an earlier demo on the same folder.
                }
                default ->
                    throw new MillraceException(
                            ErrorCode.TRAINING_FAILED,
                            "an example of " + seen.adapter() + " ended as " + seen.kind()
                                    + seen.code().map(c -> " (" + c + ")").orElse("")
                                    + "; see the log in the data folder");
            }
        }
    }

    private final Map<String, Count> counts = new LinkedHashMap<>();
    private final Set<String> published = new HashSet<>();

    Training(ServerClient server, ExampleStream stream, Consumer<String> note) {
        this.server = server;
        this.stream = stream;
        this.note = note;
    }

    /** Returns when each example is trained or held out, and a version of each adapter has all its trained ones. */
    void run(List<DemoData.Task> tasks) {
        tasks.forEach(task -> counts.put(task.adapter().toString(), new Count()));
        try (OutcomeTail tail = stream.outcomes()) {
            Set<OutcomeTail.Position> open = send(tasks);
            note.accept(open.size() + " examples of " + tasks.size() + " adapters are in Kafka; training");
            follow(tail, open, tasks);
        }
        for (DemoData.Task task : tasks) {
            if (!complete(task.adapter())) {
                server.post("/api/v1/trainer/adapters/" + task.adapter() + "/cut", Map.of());
            }
        }
        for (DemoData.Task task : tasks) {
            awaitVersion(task.adapter());
        }
    }

    /** Takes turns, as several producers would. */
    private Set<OutcomeTail.Position> send(List<DemoData.Task> tasks) {
        List<CompletableFuture<RecordMetadata>> sent = new ArrayList<>();
        int longest = tasks.stream().mapToInt(t -> t.train().size()).max().orElse(0);
        for (int i = 0; i < longest; i++) {
            for (DemoData.Task task : tasks) {
                if (i < task.train().size()) {
                    sent.add(stream.send(task.train().get(i)));
                }
            }
        }
        stream.flush();
        Set<OutcomeTail.Position> open = new HashSet<>();
        for (CompletableFuture<RecordMetadata> one : sent) {
            RecordMetadata metadata = one.join();
            open.add(new OutcomeTail.Position(metadata.partition(), metadata.offset()));
        }
        return open;
    }

    private void follow(OutcomeTail tail, Set<OutcomeTail.Position> open, List<DemoData.Task> tasks) {
        Progress progress = new Progress("trained");
        int all = open.size();
        long moved = System.nanoTime();
        while (!open.isEmpty()) {
            for (OutcomeTail.Seen seen : tail.poll(POLL)) {
                if (open.remove(seen.source())) {
                    counts.get(seen.adapter()).see(seen);
                    moved = System.nanoTime();
                }
            }
            progress.update(all - open.size(), all, losses());
            tasks.forEach(task -> announce(task.adapter()));
            if (System.nanoTime() - moved > STANDSTILL.toNanos()) {
                throw new MillraceException(
                        ErrorCode.TIMED_OUT,
                        "nothing was trained for " + STANDSTILL.toMinutes() + " minutes, " + open.size()
                                + " examples wait; see the log in the data folder");
            }
        }
        progress.end();
    }

    private String losses() {
        StringBuilder text = new StringBuilder();
        counts.forEach((adapter, count) -> {
            if (!Double.isNaN(count.loss)) {
                text.append(String.format(
                        Locale.ROOT, " %s %.2f", adapter.substring(adapter.indexOf('/') + 1), count.loss));
            }
        });
        return text.isEmpty() ? "" : "| loss" + text;
    }

    /** Says what was published since the last look, and returns the adapter's versions. */
    private JsonNode announce(AdapterName adapter) {
        if (!exists(adapter)) {
            return MissingNode.getInstance();
        }
        JsonNode versions =
                server.get("/api/v1/adapters/" + adapter + "/versions").path("versions");
        for (JsonNode version : versions) {
            if (published.add(version.path("version").asText())) {
                JsonNode evaluation = version.path("evaluation");
                note.accept(String.format(
                        Locale.ROOT,
                        "published %s %s (%s): %d rounds, %d examples, held-out loss %s%s",
                        adapter,
                        version.path("label").asText(),
                        version.path("version").asText().substring(0, 8),
                        version.path("rounds").asLong(),
                        version.path("examples").asLong(),
                        evaluation.has("heldout_loss")
                                ? String.format(
                                        Locale.ROOT,
                                        "%.3f",
                                        evaluation.path("heldout_loss").asDouble())
                                : "not measured",
                        aliases(version)));
            }
        }
        return versions;
    }

    private static String aliases(JsonNode version) {
        StringBuilder text = new StringBuilder();
        version.path("aliases").forEach(alias -> text.append(", ").append(alias.asText()));
        return text.toString();
    }

    private boolean exists(AdapterName adapter) {
        for (JsonNode known : server.get("/api/v1/adapters?limit=1000").path("adapters")) {
            if (known.path("name").asText().equals(adapter.toString())) {
                return true;
            }
        }
        return false;
    }

    private void awaitVersion(AdapterName adapter) {
        long deadline = System.nanoTime() + STANDSTILL.toNanos();
        while (!complete(adapter)) {
            if (System.nanoTime() > deadline) {
                throw new MillraceException(
                        ErrorCode.TIMED_OUT,
                        "no version of " + adapter + " with all its trained examples was published within "
                                + STANDSTILL.toMinutes() + " minutes; see the log in the data folder");
            }
            pause();
        }
    }

    /** Whether the last version has every example that was trained. */
    private boolean complete(AdapterName adapter) {
        JsonNode versions = announce(adapter);
        return versions.size() > 0
                && versions.get(versions.size() - 1).path("examples").asLong()
                        >= counts.get(adapter.toString()).trained;
    }

    private static void pause() {
        try {
            Thread.sleep(POLL.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new MillraceException(ErrorCode.TIMED_OUT, "interrupted", e);
        }
    }
}
