package io.millrace.standalone.cli.adapters;

import com.fasterxml.jackson.databind.JsonNode;
import io.millrace.standalone.cli.Out;
import io.millrace.standalone.cli.ServerOptions;
import io.millrace.standalone.client.Pages;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(name = "list", description = "All adapters.", mixinStandardHelpOptions = true)
final class ListCommand implements Runnable {
    @Mixin
    private ServerOptions server;

    @Mixin
    private Out out;

    @Override
    public void run() {
        List<JsonNode> adapters = Pages.all(server.client(), "/api/v1/adapters", "adapters");
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("ADAPTER", "VERSIONS", "CHAMPION", "LATEST", "PROMOTION", "TRAINING"));
        for (JsonNode adapter : adapters) {
            rows.add(List.of(
                    adapter.path("name").asText(),
                    adapter.path("versions").asText(),
                    adapter.path("champion").path("label").asText("-"),
                    adapter.path("latest").path("label").asText("-"),
                    adapter.path("hold").asBoolean() ? "held" : "automatic",
                    adapter.path("paused").asBoolean() ? "paused" : "on"));
        }
        out.table(rows);
        out.result(adapters);
    }
}
