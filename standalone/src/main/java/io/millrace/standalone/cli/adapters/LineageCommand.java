package io.millrace.standalone.cli.adapters;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonNode;
import io.millrace.standalone.cli.Out;
import io.millrace.standalone.cli.ServerOptions;
import io.millrace.standalone.cli.VersionName;
import io.millrace.standalone.client.Pages;
import io.millrace.standalone.client.ServerClient;
import java.io.IOException;
import java.io.UncheckedIOException;
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
        description = "A version's ancestors, and its rounds: examples, replayed ones, settings, fingerprint.",
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
        } else {
            lineage(VersionName.parse(version));
        }
    }

    private void lineage(VersionName name) {
        ServerClient client = server.client();
        // What the revision names now, so that all that follows is of one version.
        JsonNode of = client.get(name.path());
        VersionName fixed = new VersionName(name.adapter(), of.path("version").asText());
        List<JsonNode> ancestors = Pages.all(client, fixed.path() + "/lineage", "lineage");
        String rounds = "/api/v1/trainer/adapters/" + fixed.adapter() + "/versions/" + fixed.revision() + "/rounds";
        if (out.json()) {
            out.result(json -> write(json, of, ancestors, client, rounds));
            return;
        }
        ancestors.forEach(ancestor -> out.line(ancestor.path("label").asText() + " "
                + ancestor.path("version").asText() + ": "
                + ancestor.path("rounds").asText() + " rounds, "
                + ancestor.path("examples").asText() + " examples"
                + (ancestor.has("rebuilt_from")
                        ? ", rebuilt from " + ancestor.path("rebuilt_from").asText()
                        : "")));
        RoundLines lines = new RoundLines(out);
        Pages.each(client, rounds, "rounds", lines::print);
    }

    private static void write(
            JsonGenerator json, JsonNode of, List<JsonNode> ancestors, ServerClient client, String rounds)
            throws IOException {
        json.writeStartObject();
        for (String field : List.of("adapter", "version", "label")) {
            json.writeStringField(field, of.path(field).asText());
        }
        json.writeObjectField("ancestors", ancestors);
        json.writeArrayFieldStart("rounds");
        Pages.each(client, rounds, "rounds", round -> {
            try {
                json.writeTree(round);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        json.writeEndArray();
        json.writeEndObject();
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
