package io.millrace.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.embedding.Prototypes;
import io.millrace.embedding.RoutingRule;
import io.millrace.embedding.TextEmbedder;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** How well prompts find their adapter, and stray ones none, by the rule and the prototypes that the router uses. */
@Command(
        name = "routing",
        mixinStandardHelpOptions = true,
        description = "Routing accuracy and out-of-scope detection on PREFIX.train.jsonl and PREFIX.test.jsonl.")
public final class RoutingBench implements Callable<Integer> {
    private static final long SEED = 1;

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--data",
            required = true,
            paramLabel = "PREFIX",
            description = "Lines {topic, prompt}; topic out_of_scope belongs to no adapter.")
    private String prefix;

    @Option(names = "--prototypes", defaultValue = "32", description = "Prototypes of each adapter (${DEFAULT-VALUE}).")
    private int prototypes;

    @Option(
            names = "--per-topic",
            defaultValue = "0",
            paramLabel = "N",
            description = "Train on the first N prompts of each topic; 0: all.")
    private int perTopic;

    @Override
    public Integer call() throws Exception {
        List<LabelledPrompts.Prompt> train = LabelledPrompts.read(Path.of(prefix + ".train.jsonl"));
        List<LabelledPrompts.Prompt> test = LabelledPrompts.read(Path.of(prefix + ".test.jsonl"));
        RoutingScore score = new RoutingScore();
        SortedMap<String, Prototypes> adapters;
        double fitSeconds;
        double routeMillis;
        try (TextEmbedder embedder = new TextEmbedder(1)) {
            long start = System.nanoTime();
            adapters = fit(train, embedder);
            fitSeconds = (System.nanoTime() - start) / 1e9;
            start = System.nanoTime();
            for (LabelledPrompts.Prompt prompt : test) {
                score.add(prompt, RoutingRule.defaults().rank(adapters, embedder.embed(prompt.text())));
            }
            routeMillis = (System.nanoTime() - start) / 1e6 / Math.max(1, test.size());
        }
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("bench", "routing");
        line.put("data", Path.of(prefix).getFileName().toString());
        line.put("topics", adapters.size());
        line.put("prototypes", prototypes);
        line.put(
                "train",
                adapters.values().stream().mapToLong(Prototypes::examples).sum());
        score.into(line);
        line.put("fit_s", round(fitSeconds, 1));
        line.put("route_ms", round(routeMillis, 2));
        PrintWriter out = spec.commandLine().getOut();
        out.println(new ObjectMapper().writeValueAsString(line));
        out.flush();
        return 0;
    }

    private SortedMap<String, Prototypes> fit(List<LabelledPrompts.Prompt> train, TextEmbedder embedder) {
        Map<String, List<String>> byTopic = train.stream()
                .filter(LabelledPrompts.Prompt::isInScope)
                .collect(Collectors.groupingBy(
                        LabelledPrompts.Prompt::topic,
                        TreeMap::new,
                        Collectors.mapping(LabelledPrompts.Prompt::text, Collectors.toCollection(ArrayList::new))));
        SortedMap<String, Prototypes> adapters = new TreeMap<>();
        byTopic.forEach((topic, texts) -> {
            List<String> used = perTopic > 0 ? texts.subList(0, Math.min(perTopic, texts.size())) : texts;
            adapters.put(topic, Prototypes.fit(embedder.embedAll(used), prototypes, SEED));
        });
        return adapters;
    }

    static double round(double value, int digits) {
        double scale = Math.pow(10, digits);
        return Math.round(value * scale) / scale;
    }
}
