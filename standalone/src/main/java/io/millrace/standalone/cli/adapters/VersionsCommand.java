package io.millrace.standalone.cli.adapters;

import com.fasterxml.jackson.databind.JsonNode;
import io.millrace.standalone.cli.Out;
import io.millrace.standalone.client.Pages;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(name = "versions", description = "All versions of an adapter.", mixinStandardHelpOptions = true)
final class VersionsCommand implements Runnable {
    @Mixin
    private AdapterArgument adapter;

    @Mixin
    private Out out;

    @Override
    public void run() {
        List<JsonNode> versions = Pages.all(adapter.client(), adapter.path() + "/versions", "versions");
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("", "VERSION", "ROUNDS", "EXAMPLES", "HELD-OUT LOSS", "PUBLISHED", "ALIASES", "PROMOTION"));
        for (JsonNode version : versions) {
            rows.add(List.of(
                    version.path("label").asText(),
                    version.path("version").asText(),
                    version.path("rounds").asText(),
                    version.path("examples").asText(),
                    loss(version.path("evaluation").path("heldout_loss")),
                    version.path("published_at").asText(),
                    StreamSupport.stream(version.path("aliases").spliterator(), false)
                            .map(JsonNode::asText)
                            .collect(Collectors.joining(",")),
                    version.path("retired").asBoolean()
                            ? "retired"
                            : version.path("promotion_reason").asText()));
        }
        out.table(rows);
        out.result(versions);
    }

    private static String loss(JsonNode loss) {
        return loss.isNumber() ? String.format(Locale.ROOT, "%.4f", loss.asDouble()) : "-";
    }
}
