package io.millrace.standalone.demo;

import com.fasterxml.jackson.databind.JsonNode;
import io.millrace.core.AdapterName;
import io.millrace.core.AdapterWeights;
import io.millrace.core.TrainingExample;
import io.millrace.core.peft.PeftDirectory;
import io.millrace.standalone.client.Conversation;
import io.millrace.standalone.client.ExampleStream;
import io.millrace.standalone.client.ServerClient;
import io.millrace.standalone.demo.DemoData.Route;
import io.millrace.standalone.demo.DemoData.Task;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;

/** The demo against a system that is ready: stream, train, publish, compare, route, compose. */
public final class Demo {
    /** Shorter than the defaults, so that several versions appear within minutes. */
    private static final Map<String, String> SETTINGS =
            Map.of("warmup-steps", "4", "round.max-wait", "2s", "version.every-rounds", "4", "version.max-idle", "3s");

    private static final int SHOWN_ANSWERS = 2;
    private static final int SHOWN_ROUTES = 6;
    private static final int ANSWER_TOKENS = 64;

    private final DemoData data;
    private final ServerClient server;
    private final ExampleStream stream;
    private final HeldOutLoss losses;
    private final Consumer<String> say;

    Demo(DemoData data, ServerClient server, ExampleStream stream, HeldOutLoss losses, Consumer<String> say) {
        this.data = data;
        this.server = server;
        this.stream = stream;
        this.losses = losses;
        this.say = say;
    }

    /** What was measured; the rest of the report is the caller's. */
    record Measured(List<DemoReport.Adapter> adapters, DemoReport.Routing routing) {}

    Measured run() {
        Map<AdapterName, Double> before = new LinkedHashMap<>();
        for (Task task : data.tasks()) {
            server.put("/api/v1/adapters/" + task.adapter(), Map.of("settings", SETTINGS));
            before.put(task.adapter(), losses.ofBase(task.heldOut()));
        }
        new Training(server, stream, say).run(data.tasks());

        List<DemoReport.Adapter> adapters = new ArrayList<>();
        for (Task task : data.tasks()) {
            adapters.add(compare(task, before.get(task.adapter())));
        }
        DemoReport.Routing routing = route();
        compose();
        return new Measured(adapters, routing);
    }

    private DemoReport.Adapter compare(Task task, double before) {
        JsonNode version = server.get("/api/v1/adapters/" + task.adapter() + "/versions/champion");
        String id = version.path("version").asText();
        double after = losses.with(weights(task.adapter(), id), task.heldOut());

        say.accept("");
        say.accept(String.format(
                Locale.ROOT,
                "%s %s: held-out loss %.3f -> %.3f",
                task.adapter(),
                version.path("label").asText(),
                before,
                after));
        for (TrainingExample example : task.heldOut().subList(0, SHOWN_ANSWERS)) {
            TrainingExample.Content.PromptCompletion content =
                    (TrainingExample.Content.PromptCompletion) example.content();
            say.accept("  asked    " + content.prompt());
            say.accept("  base     " + answer("base", content.prompt()));
            say.accept("  adapter  " + answer(task.adapter().toString(), content.prompt()));
            say.accept("  expected " + content.completion());
        }
        return new DemoReport.Adapter(
                task.adapter().toString(), id, version.path("examples").asLong(), before, after);
    }

    /** The version's files as anyone gets them, through the registry's Hugging Face-compatible reads. */
    private AdapterWeights weights(AdapterName adapter, String version) {
        Map<String, byte[]> files = new LinkedHashMap<>();
        for (String file : List.of(PeftDirectory.CONFIG, PeftDirectory.WEIGHTS)) {
            files.put(file, server.download("/" + adapter + "/resolve/" + version + "/" + file));
        }
        return PeftDirectory.read(files, losses.base());
    }

    private String answer(String model, String prompt) {
        return oneLine(new Conversation(server, new Conversation.Settings(model, ANSWER_TOKENS, 0))
                .ask(prompt, part -> {})
                .text());
    }

    private DemoReport.Routing route() {
        say.accept("");
        say.accept("routing, by the prompt alone:");
        int right = 0;
        for (int i = 0; i < data.routes().size(); i++) {
            Route route = data.routes().get(i);
            JsonNode decision = server.post(
                    "/v1/select",
                    Map.of("model", "auto", "messages", List.of(Map.of("role", "user", "content", route.prompt()))));
            List<Conversation.Part> parts = Conversation.parts(decision.path("adapters"));
            String chosen = parts.isEmpty() ? DemoData.BASE : parts.get(0).name();
            right += chosen.equals(route.adapter()) ? 1 : 0;
            if (i < SHOWN_ROUTES) {
                say.accept("  " + (chosen.equals(route.adapter()) ? "right " : "WRONG ") + Conversation.show(parts)
                        + " <- " + route.prompt());
            }
        }
        say.accept("  right for " + right + " of " + data.routes().size() + " prompts");
        return new DemoReport.Routing(data.routes().size(), right);
    }

    /** One answer of two adapters, each with half its weight: the exact sum of both updates. */
    private void compose() {
        Task first = data.tasks().get(0);
        Task last = data.tasks().get(data.tasks().size() - 1);
        TrainingExample.Content.PromptCompletion question =
                (TrainingExample.Content.PromptCompletion) last.heldOut().get(0).content();
        JsonNode answer = server.post(
                "/v1/chat/completions",
                Map.of(
                        "messages",
                        List.of(Map.of("role", "user", "content", question.prompt())),
                        "adapters",
                        List.of(
                                Map.of("name", first.adapter().toString(), "weight", 0.5),
                                Map.of("name", last.adapter().toString(), "weight", 0.5)),
                        "max_tokens",
                        ANSWER_TOKENS));
        say.accept("");
        say.accept("composed of two adapters, "
                + Conversation.show(Conversation.parts(answer.path("millrace").path("adapters"))) + ":");
        say.accept("  asked    " + question.prompt());
        say.accept("  answer   "
                + oneLine(answer.path("choices")
                        .path(0)
                        .path("message")
                        .path("content")
                        .asText()));
    }

    private static String oneLine(String text) {
        return text.strip().replaceAll("\\s*\\R\\s*", " / ");
    }
}
