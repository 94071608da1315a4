package io.millrace.standalone.cli.adapters;

import com.fasterxml.jackson.databind.JsonNode;
import io.millrace.standalone.cli.Out;
import io.millrace.standalone.cli.ServerOptions;
import io.millrace.standalone.cli.VersionName;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
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

    @Override
    public void run() {
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
}
