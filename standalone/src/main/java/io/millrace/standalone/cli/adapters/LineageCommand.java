package io.millrace.standalone.cli.adapters;

import com.fasterxml.jackson.databind.JsonNode;
import io.millrace.standalone.cli.Out;
import io.millrace.standalone.cli.ServerOptions;
import io.millrace.standalone.cli.VersionName;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "lineage",
        description = "A version and its ancestors, with what each was made of.",
        mixinStandardHelpOptions = true)
final class LineageCommand implements Runnable {
    @Mixin
    private ServerOptions server;

    @Mixin
    private Out out;

    @Parameters(paramLabel = "ADAPTER@REV", description = "As acme/support@v3.")
    private String version;

    @Option(
            names = "--example",
            paramLabel = "ID",
            description = "Instead: which rounds and versions of the adapter have seen this example.")
    private Optional<String> example;

    @Override
    public void run() {
        if (example.isPresent()) {
            seenBy(VersionName.parse(version), example.get());
            return;
        }
        List<JsonNode> ancestors =
                Pages.all(server.client(), VersionName.parse(version).path() + "/lineage", "lineage");
        for (JsonNode ancestor : ancestors) {
            out.line(ancestor.path("label").asText() + " "
                    + ancestor.path("version").asText() + ": "
                    + ancestor.path("rounds").asText() + " rounds, "
                    + ancestor.path("examples").asText() + " examples"
                    + (ancestor.has("rebuilt_from")
                            ? ", rebuilt from " + ancestor.path("rebuilt_from").asText()
                            : ""));
        }
        out.result(ancestors);
    }

    private void seenBy(VersionName name, String id) {
        JsonNode seen = server.client()
                .get("/api/v1/trainer/adapters/" + name.adapter() + "/examples/"
                        + URLEncoder.encode(id, StandardCharsets.UTF_8).replace("+", "%20"));
        String versionId = server.client().get(name.path()).path("version").asText();
        boolean trained = false;
        for (JsonNode round : seen.path("rounds")) {
            out.line("round " + round.path("round").asLong() + ": "
                    + round.path("how").asText().toLowerCase(Locale.ROOT).replace('_', ' ')
                    + (round.path("abandoned").asBoolean() ? ", but the round was abandoned" : ""));
        }
        for (JsonNode on : seen.path("trained_on")) {
            out.line("trained on it: " + on.asText());
            trained |= on.asText().equals(versionId);
        }
        out.line(name + " was " + (trained ? "" : "not ") + "trained on " + id);
        out.result(seen);
    }
}
