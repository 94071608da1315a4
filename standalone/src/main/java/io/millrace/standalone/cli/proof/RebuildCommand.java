package io.millrace.standalone.cli.proof;

import com.fasterxml.jackson.databind.JsonNode;
import io.millrace.core.AdapterName;
import io.millrace.standalone.cli.Out;
import io.millrace.standalone.cli.Progress;
import io.millrace.standalone.cli.ServerOptions;
import io.millrace.standalone.cli.VersionName;
import io.millrace.standalone.client.TrainerJob;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "rebuild",
        description =
                "Makes a new version of an adapter's recorded rounds: without some examples, or with other settings.",
        mixinStandardHelpOptions = true)
public final class RebuildCommand implements Runnable {
    @Mixin
    private ServerOptions server;

    @Mixin
    private Out out;

    @Parameters(
            paramLabel = "ADAPTER[@REV]",
            description = "As acme/support; where no version is named, the latest that was trained here.")
    private String adapter;

    @Option(names = "--without", paramLabel = "EXAMPLE_ID", description = "Leave this example out; may be repeated.")
    private List<String> without = List.of();

    @Option(
            names = "--set",
            paramLabel = "KEY=VALUE",
            description = "Train with another setting than recorded, as lr=0.001 or rank=8, or on another base that the"
                    + " trainer has, as base=smollm2-135m-instruct; may be repeated.")
    private Map<String, String> settings = Map.of();

    @Option(
            names = "--replace",
            description =
                    "Catch up with live training and take its place: it goes on from what was rebuilt, and refuses"
                            + " the examples that were left out.")
    private boolean replace;

    @Override
    public void run() {
        Map<String, Object> request =
                new LinkedHashMap<>(Map.of("kind", "rebuild", "without", without, "set", settings, "replace", replace));
        if (adapter.contains("@")) {
            VersionName name = VersionName.parse(adapter);
            request.put("adapter", name.adapter().toString());
            request.put("revision", name.revision());
        } else {
            request.put("adapter", AdapterName.parse(adapter).toString());
        }
        TrainerJob job = TrainerJob.start(server.client(), request);
        Progress progress = new Progress("rounds");
        JsonNode result = job.await((done, of, note) -> {
            if (of > 0) {
                progress.update(done, of, "");
            }
        });
        progress.end();
        print(result);
        out.result(result);
    }

    private void print(JsonNode result) {
        out.line(result.path("adapter").asText() + " " + result.path("version").asText() + " rebuilt from "
                + result.path("rebuilt_from").asText() + ": "
                + result.path("rounds").asLong() + " of "
                + result.path("recorded_rounds").asLong() + " recorded rounds, "
                + result.path("examples").asLong() + " examples");
        result.path("not_found").forEach(id -> out.line("  no recorded round has the example " + id.asText()));
        result.path("trained_on").forEach(version -> out.line("  trained on what was left out: " + version.asText()));
        if (settings.containsKey("base")) {
            out.line("it is for base " + result.path("base").asText() + ": only a router of that base serves it");
        } else {
            out.line(
                    result.path("replaced").asBoolean()
                            ? "training goes on from it"
                            : "'adapters promote' makes it champion; training goes on from where it was");
        }
    }
}
