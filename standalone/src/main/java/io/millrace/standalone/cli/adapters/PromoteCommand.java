package io.millrace.standalone.cli.adapters;

import com.fasterxml.jackson.databind.JsonNode;
import io.millrace.standalone.cli.Out;
import io.millrace.standalone.client.ServerClient;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(
        name = "promote",
        description = "Makes a version the champion, unless another becomes it meanwhile.",
        mixinStandardHelpOptions = true)
final class PromoteCommand implements Runnable {
    @Mixin
    private AdapterArgument adapter;

    @Mixin
    private Out out;

    @Parameters(index = "1", paramLabel = "REV", description = "An alias, latest, vN or 40 hex.")
    private String revision;

    @Override
    public void run() {
        ServerClient client = adapter.client();
        String champion =
                client.get(adapter.path()).path("champion").path("version").asText("");
        Map<String, String> condition =
                champion.isEmpty() ? Map.of("If-None-Match", "*") : Map.of("If-Match", '"' + champion + '"');
        JsonNode moved = client.put(adapter.path() + "/aliases/champion", Map.of("version", revision), condition);
        out.line("champion of " + adapter.name() + " is " + moved.path("label").asText() + " "
                + moved.path("version").asText());
        out.result(moved);
    }
}
