package io.millrace.standalone.cli.adapters;

import com.fasterxml.jackson.databind.JsonNode;
import io.millrace.core.AdapterName;
import io.millrace.standalone.cli.Out;
import io.millrace.standalone.cli.ServerOptions;
import io.millrace.standalone.client.ServerClient;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** What every command about one adapter takes. */
final class AdapterArgument {
    @Mixin
    private ServerOptions server;

    @Parameters(index = "0", paramLabel = "ADAPTER", description = "As acme/support.")
    private String adapter;

    ServerClient client() {
        return server.client();
    }

    AdapterName name() {
        return AdapterName.parse(adapter);
    }

    /** The adapter's place in the registry's interface. */
    String path() {
        return "/api/v1/adapters/" + name();
    }

    /** Prints an adapter as the registry shows it. */
    static void print(Out out, JsonNode adapter) {
        out.line(adapter.path("name").asText());
        out.line("  versions   " + adapter.path("versions").asInt());
        adapter.path("aliases")
                .properties()
                .forEach(alias -> out.line(String.format(
                        "  %-10s %s %s",
                        alias.getKey(),
                        alias.getValue().path("label").asText(),
                        alias.getValue().path("version").asText())));
        out.line("  promotion  " + (adapter.path("hold").asBoolean() ? "held" : "automatic"));
        out.line("  training   " + (adapter.path("paused").asBoolean() ? "paused" : "on"));
        adapter.path("settings").properties().forEach(setting -> {
            boolean explicit = adapter.path("explicit_settings").has(setting.getKey());
            out.line("  " + setting.getKey() + "=" + setting.getValue().asText() + (explicit ? "" : " (default)"));
        });
        adapter.path("warnings").forEach(warning -> out.line("  warning: " + warning.asText()));
        out.result(adapter);
    }
}
