package io.millrace.standalone.cli.adapters;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import io.millrace.standalone.cli.Out;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Prints a version's rounds for people; settings and fingerprint where they change. */
final class RoundLines {
    private final Out out;
    private JsonNode lastSettings = MissingNode.getInstance();
    private String lastFingerprint = "";

    RoundLines(Out out) {
        this.out = out;
    }

    void print(JsonNode round) {
        out.line("round " + round.path("round").asLong()
                + (round.path("trained").asBoolean() ? "" : ", abandoned: nothing was trained")
                + (round.path("rebuilt").asBoolean() ? ", trained anew by a rebuild, which drew its own replays" : "")
                + (round.path("after_idle").asBoolean() ? ", after idleness" : ""));
        String fingerprint = round.path("fingerprint").asText();
        if (!fingerprint.equals(lastFingerprint)) {
            out.line("  on " + fingerprint);
            lastFingerprint = fingerprint;
        }
        JsonNode settings = round.path("settings");
        if (!settings.equals(lastSettings)) {
            out.line("  with " + String.join(" ", changed(settings)));
            lastSettings = settings;
        }
        round.path("examples").forEach(example -> print(how(example), example));
        round.path("replayed").forEach(example -> print("replayed", example));
    }

    private List<String> changed(JsonNode settings) {
        List<String> changed = new ArrayList<>();
        for (Map.Entry<String, JsonNode> setting : settings.properties()) {
            if (!setting.getValue().equals(lastSettings.path(setting.getKey()))) {
                changed.add(setting.getKey() + "=" + setting.getValue().asText());
            }
        }
        return changed;
    }

    private static String how(JsonNode example) {
        return example.path("left_out").asBoolean()
                ? "left out"
                : example.path("how").asText().toLowerCase(Locale.ROOT).replace('_', ' ');
    }

    private void print(String how, JsonNode example) {
        out.line(String.format(
                Locale.ROOT,
                "  %-8s %s %s",
                how,
                example.path("id").asText(),
                example.path("content_sha256").asText(example.path("code").asText("its content isn't stored"))));
    }
}
