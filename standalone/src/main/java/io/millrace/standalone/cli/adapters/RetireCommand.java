package io.millrace.standalone.cli.adapters;

import com.fasterxml.jackson.databind.JsonNode;
import io.millrace.standalone.cli.Out;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(
        name = "retire",
        description = "Takes a version out of use; refused while an alias or a recipe names it.",
        mixinStandardHelpOptions = true)
final class RetireCommand implements Runnable {
    @Mixin
    private AdapterArgument adapter;

    @Mixin
    private Out out;

    @Parameters(index = "1", paramLabel = "REV", description = "An alias, latest, vN or 40 hex.")
    private String revision;

    @Override
    public void run() {
        JsonNode retired = adapter.client().post(adapter.path() + "/versions/" + revision + "/retire", Map.of());
        out.line(retired.path("adapter").asText() + " " + retired.path("label").asText() + " "
                + retired.path("version").asText() + " is retired");
        out.result(retired);
    }
}
