package io.millrace.standalone.cli.proof;

import com.fasterxml.jackson.databind.JsonNode;
import io.millrace.core.AdapterName;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.standalone.cli.Out;
import io.millrace.standalone.cli.Progress;
import io.millrace.standalone.cli.ServerOptions;
import io.millrace.standalone.client.ServerClient;
import io.millrace.standalone.client.TrainerJob;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "forget",
        description = {
            "Erases the texts of examples for good, and refuses their ids from then on.",
            "Says what was erased where, which versions can't be proved any more, and what it can't erase."
        },
        mixinStandardHelpOptions = true)
public final class ForgetCommand implements Runnable {
    @Mixin
    private ServerOptions server;

    @Mixin
    private Out out;

    @Parameters(paramLabel = "ID", arity = "1..*", description = "Ids of examples.")
    private List<String> ids;

    @Option(
            names = "--adapter",
            paramLabel = "NAME",
            description = "Of this adapter alone. Default: of every adapter that has seen them in a round.")
    private Optional<String> adapter;

    @Option(
            names = "--keep-topics",
            description = "Leave what topics hold of them to the topics' retention: Kafka deletes only from a"
                    + " partition's start, so other examples' records before them would go as well.")
    private boolean keepTopics;

    @Override
    public void run() {
        ServerClient client = server.client();
        SortedMap<String, List<String>> byAdapter = adapter.isPresent()
                ? new TreeMap<>(Map.of(AdapterName.parse(adapter.get()).toString(), ids))
                : seen(client);
        List<JsonNode> results = new ArrayList<>();
        byAdapter.forEach((name, examples) -> {
            Progress progress = new Progress("steps");
            JsonNode result = TrainerJob.start(
                            client,
                            Map.of("kind", "forget", "adapter", name, "examples", examples, "keep_topics", keepTopics))
                    .await((done, of, note) -> {
                        if (of > 0) {
                            progress.update(done, of, note);
                        }
                    });
            progress.end();
            print(result);
            results.add(result);
        });
        results.get(0).path("left").forEach(line -> out.line("not erased: " + line.asText()));
        out.result(results);
    }

    /** Which adapters have seen which of the examples. */
    private SortedMap<String, List<String>> seen(ServerClient client) {
        SortedMap<String, List<String>> byAdapter = new TreeMap<>();
        Set<String> unseen = new LinkedHashSet<>(ids);
        for (Map.Entry<String, JsonNode> entry : client.post("/api/v1/trainer/examples/find", Map.of("examples", ids))
                .path("adapters")
                .properties()) {
            List<String> seen = new ArrayList<>();
            entry.getValue().forEach(id -> seen.add(id.asText()));
            unseen.removeAll(seen);
            byAdapter.put(entry.getKey(), seen);
        }
        if (!unseen.isEmpty()) {
            throw new MillraceException(
                    ErrorCode.BAD_REQUEST,
                    "no adapter has a round with " + String.join(", ", unseen)
                            + "; nothing was erased. Say --adapter to have an id refused and erased from topics that is in"
                            + " no round yet");
        }
        return byAdapter;
    }

    private void print(JsonNode result) {
        out.line(result.path("adapter").asText() + ": "
                + result.path("examples").size() + " examples forgotten; their ids are refused from now on");
        result.path("not_found").forEach(id -> out.line("  no recorded round has the example " + id.asText()));
        out.line("  erased from " + result.path("archives").asInt() + " archives, and from no reservoir, held-out or"
                + " reference set any more");
        for (JsonNode topic : result.path("topics")) {
            String where = "  " + topic.path("topic").asText() + " partition "
                    + topic.path("partition").asInt() + ": ";
            out.line(where
                    + (topic.path("waiting").asInt() > 0
                            ? topic.path("waiting").asInt() + " records aren't read yet; run this again"
                            : topic.path("found").asInt() + " records erased, all before offset "
                                    + topic.path("before").asLong() + " deleted"
                                    + others(topic)));
        }
        result.path("trained_on").forEach(version -> out.line("  trained on them: " + version.asText()));
        for (JsonNode version : result.path("unprovable")) {
            out.line("  not provable any more: " + version.path("label").asText() + " "
                    + version.path("version").asText()
                    + (version.path("own_rounds").asBoolean() ? "" : " from genesis; its own rounds still are"));
        }
    }

    private static String others(JsonNode topic) {
        long deleted = topic.path("others_deleted").asLong();
        long kept = topic.path("others_kept").asLong();
        return (deleted > 0 ? ", " + deleted + " of other examples with them" : "")
                + (kept > 0 ? ", " + kept + " others written again" : "");
    }
}
