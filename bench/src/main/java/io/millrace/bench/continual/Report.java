package io.millrace.bench.continual;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.millrace.core.AdapterSettings;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** Which runs there are, and what comes of them. */
final class Report {
    private static final String BENCH = "continual";

    private final Ledger ledger;
    private final Learner learner;

    Report(Ledger ledger, Learner learner) {
        this.ledger = ledger;
        this.learner = learner;
    }

    /** All tasks into one adapter, in the ways asked for; the shuffled union beside the one with replay. */
    void sequences(List<TaskData> tasks, Map<Run, AdapterSettings> runs) {
        Map<Run, Phases> measured = new EnumMap<>(Run.class);
        runs.forEach((run, settings) -> measured.put(run, sequence(tasks, run, settings)));
        if (measured.size() == Run.values().length) {
            forgetting(measured.get(Run.PLAIN), measured.get(Run.REPLAY));
        }
    }

    private Phases sequence(List<TaskData> tasks, Run run, AdapterSettings settings) {
        List<ObjectNode> lines = sequence(learner, "sequence " + run.label(), tasks, settings);
        Phases phases = phases(lines);
        summary(run.label(), phases);
        if (run == Run.REPLAY) {
            union(tasks, settings, lines.get(lines.size() - 1).path("steps").asLong());
        }
        return phases;
    }

    private void union(List<TaskData> tasks, AdapterSettings settings, long steps) {
        List<ObjectNode> lines =
                ledger.part("offline union", () -> named(learner.offline(tasks, settings, steps), "offline"));
        summary("offline", new Phases(List.of(lines.stream().map(Ledger::score).toList())));
    }

    private void forgetting(Phases plain, Phases replayed) {
        ledger.print(Ledger.line()
                .put("bench", BENCH)
                .put("figure", "forgetting with replay, of that without")
                .put("loss", replayed.lossForgetting() / plain.lossForgetting())
                .put("accuracy", replayed.forgetting() / plain.forgetting())
                .put("target", 1 / 3.0));
    }

    private List<ObjectNode> sequence(Learner sequential, String part, List<TaskData> tasks, AdapterSettings settings) {
        return ledger.part(part, () -> named(sequential.sequence(tasks, settings), part));
    }

    private static Phases phases(List<ObjectNode> lines) {
        List<List<Score>> phases = new ArrayList<>();
        for (ObjectNode line : lines) {
            if (line.path("phase").asInt() == phases.size()) {
                phases.add(new ArrayList<>());
            }
            phases.get(phases.size() - 1).add(Ledger.score(line));
        }
        return new Phases(phases);
    }

    private void summary(String run, Phases phases) {
        ObjectNode line = Ledger.line()
                .put("bench", BENCH)
                .put("summary", run)
                .put("average_loss", phases.averageLoss())
                .put("average_accuracy", phases.averageAccuracy());
        if (phases.scores().size() > 1) {
            line.put("backward_transfer", phases.backwardTransfer())
                    .put("forgetting", phases.forgetting())
                    .put("loss_forgetting", phases.lossForgetting());
        }
        ledger.print(line);
    }

    /** Each task into an adapter of its own, beside as many steps on its examples in random order, once for each seed. */
    void own(List<TaskData> tasks, Map<Run, AdapterSettings> runs, List<Learner> seeds) {
        runs.forEach((run, settings) -> tasks.forEach(task -> compare(task, settings, run.label(), seeds)));
    }

    private void compare(TaskData task, AdapterSettings settings, String run, List<Learner> seeds) {
        List<Score> streamed = new ArrayList<>();
        List<Score> offline = new ArrayList<>();
        for (Learner seed : seeds) {
            ObjectNode here = sequence(seed, seed.part("own " + run + " " + task.name()), List.of(task), settings)
                    .get(0);
            long steps = here.path("steps").asLong();
            ObjectNode there = ledger.part(
                            seed.part("own offline " + task.name() + " " + steps),
                            () -> named(seed.offline(List.of(task), settings, steps), "own offline"))
                    .get(0);
            streamed.add(Ledger.score(here));
            offline.add(Ledger.score(there));
        }
        Paired paired = new Paired(streamed, offline);
        ObjectNode line = Ledger.line()
                .put("bench", BENCH)
                .put("figure", "own adapter, streamed over offline")
                .put("run", run)
                .put("task", task.name())
                .put("seeds", seeds.size())
                .put("streamed_loss", paired.streamedLoss())
                .put("offline_loss", paired.offlineLoss())
                .put("ratio", paired.ratio())
                .put("ratio_uncertainty", paired.uncertainty())
                .put("target", 1.02);
        paired.seedsError().ifPresent(error -> line.put("ratio_error_of_seeds", error));
        ledger.print(line);
    }

    private static List<ObjectNode> named(List<ObjectNode> lines, String run) {
        lines.forEach(line -> line.put("bench", BENCH).put("run", run));
        return lines;
    }
}
