package io.millrace.standalone.cli.proof;

import com.fasterxml.jackson.databind.JsonNode;
import io.millrace.standalone.cli.Out;
import io.millrace.standalone.cli.Progress;
import io.millrace.standalone.cli.ServerOptions;
import io.millrace.standalone.cli.VersionName;
import io.millrace.standalone.client.TrainerJob;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "verify",
        description = "Computes a version again from its lineage and compares digests. Exit code 0 if it is bit-exact.",
        mixinStandardHelpOptions = true)
public final class VerifyCommand implements Callable<Integer> {
    @Mixin
    private ServerOptions server;

    @Mixin
    private Out out;

    @Parameters(paramLabel = "ADAPTER@REV", description = "As acme/support@v3.")
    private String version;

    @Option(
            names = "--from-genesis",
            description = "All rounds since the first, not only those since the version before.")
    private boolean fromGenesis;

    @Override
    public Integer call() {
        VersionName name = VersionName.parse(version);
        TrainerJob job = TrainerJob.start(
                server.client(),
                Map.of(
                        "kind",
                        "verify",
                        "adapter",
                        name.adapter().toString(),
                        "revision",
                        name.revision(),
                        "from_genesis",
                        fromGenesis));
        Progress progress = new Progress("rounds");
        JsonNode result = job.await((done, of, note) -> {
            if (of > 0) {
                progress.update(done, of, "");
            }
        });
        progress.end();
        print(result);
        out.result(result);
        return result.path("exact").asBoolean() ? 0 : 1;
    }

    private void print(JsonNode result) {
        for (JsonNode stretch : result.path("stretches")) {
            out.line("rounds " + (stretch.path("after_round").asLong() + 1) + " to "
                    + stretch.path("last_round").asLong() + " from "
                    + stretch.path("started_from").asText() + ": "
                    + stretch.path("computed").asInt() + " computed, "
                    + (stretch.path("exact").asBoolean()
                            ? "all digests match"
                            : stretch.path("differing").asInt() + " differ"));
            out.line("  recorded on " + stretch.path("fingerprint").asText());
            if (stretch.has("first")) {
                JsonNode first = stretch.path("first");
                out.line("  computed on " + result.path("fingerprint").asText());
                out.line("  round " + first.path("round").asLong() + ": "
                        + first.path("what").asText() + " recorded "
                        + first.path("recorded").asText().substring(0, 12) + ", computed "
                        + first.path("computed").asText().substring(0, 12));
            }
            differences(stretch.path("differences"));
        }
        result.path("damaged").forEach(file -> out.line("stored file damaged: " + file.asText()));
        result.path("differing").forEach(file -> out.line("file differs: " + file.asText()));
        differences(result.path("differences"));
        out.line(result.path("adapter").asText() + "@" + result.path("label").asText() + " "
                + result.path("version").asText() + ": "
                + (result.path("exact").asBoolean()
                        ? "bit-exact"
                        : "not bit-exact, computed "
                                + result.path("computed_version").asText()));
    }

    private void differences(JsonNode differences) {
        for (JsonNode difference : differences) {
            out.line(String.format(
                    Locale.ROOT,
                    "  %-24s max abs %.3e  relative %.3e",
                    difference.path("group").asText(),
                    difference.path("max_absolute").asDouble(),
                    difference.path("relative").asDouble()));
        }
    }
}
