package io.millrace.bench.continual;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.millrace.core.AdapterName;
import io.millrace.core.AdapterSettings;
import io.millrace.engine.text.TrainingSequence;
import io.millrace.engine.train.AdapterTrainer;
import io.millrace.engine.train.StepOptions;
import io.millrace.proto.internal.CuratedExample;
import io.millrace.store.MemoryBlobStore;
import io.millrace.trainer.protocol.Seeds;
import io.millrace.trainer.train.Archives;
import io.millrace.trainer.train.Examples;
import io.millrace.trainer.train.LocalLine;
import io.millrace.trainer.train.StepSchedule;
import io.millrace.trainer.worker.Engine;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/** Trains adapters one way or another and says how they know the tasks, a line a task. */
final class Learner {
    private final Engine engine;
    private final Examples examples;
    private final int seed;

    /**
     * @param seed from 1; another one stands for other first weights, other orders (1: examples arrive as the data has them)
     *     and other replays
     */
    Learner(Engine engine, Examples examples, int seed) {
        this.engine = engine;
        this.examples = examples;
        this.seed = seed;
    }

    private AdapterName adapter() {
        return AdapterName.parse(seed == 1 ? "bench/all" : "bench/all-" + seed);
    }

    /** The name of a part of the ledger that this learner learns. */
    String part(String name) {
        return seed == 1 ? name : name + " seed " + seed;
    }

    /** Streams the tasks one after another into one adapter; after each, all tasks so far are measured. */
    List<ObjectNode> sequence(List<TaskData> tasks, AdapterSettings settings) {
        List<ObjectNode> lines = new ArrayList<>();
        Archives archives = new Archives(new MemoryBlobStore());
        try (LocalLine line = new LocalLine(adapter(), settings, engine.base(), engine.model(), examples, archives)) {
            long started = System.nanoTime();
            for (int phase = 0; phase < tasks.size(); phase++) {
                var unused = line.train(arrivals(tasks.get(phase)));
                double seconds = (System.nanoTime() - started) / 1e9;
                for (TaskData task : tasks.subList(0, phase + 1)) {
                    lines.add(scored(task, line.trainer(), settings)
                            .put("phase", phase)
                            .put("after", tasks.get(phase).name())
                            .put("steps", line.head().state().getStep())
                            .put("shifts", line.head().state().getShifts())
                            .put("train_s", Math.round(seconds)));
                }
                started = System.nanoTime();
            }
        }
        return lines;
    }

    private List<CuratedExample> arrivals(TaskData task) {
        if (seed == 1) {
            return task.train();
        }
        List<CuratedExample> arrivals = new ArrayList<>(task.train());
        Collections.shuffle(arrivals, new Random(seed));
        return arrivals;
    }

    /** Trains on all examples in random order, pass after pass until that many steps were taken. */
    List<ObjectNode> offline(List<TaskData> tasks, AdapterSettings settings, long steps) {
        List<CuratedExample> union =
                tasks.stream().flatMap(task -> task.train().stream()).toList();
        long first = Seeds.ofAdapter(adapter());
        try (AdapterTrainer trainer = engine.model().create(settings.lora(), first)) {
            List<TrainingSequence> order = List.of();
            int next = 0;
            for (long step = 0; step < steps; step++) {
                if (next >= order.size()) {
                    order = shuffled(union, settings, first + step);
                    next = 0;
                }
                int end = Math.min(order.size(), next + settings.microBatch());
                trainer.step(order.subList(next, end), options(settings, first, step));
                next = end;
            }
            return tasks.stream()
                    .map(task -> scored(task, trainer, settings).put("steps", steps))
                    .toList();
        }
    }

    private List<TrainingSequence> shuffled(List<CuratedExample> union, AdapterSettings settings, long seed) {
        List<TrainingSequence> order = new ArrayList<>();
        union.forEach(example -> order.add(examples.sequence(example, settings.maxLength())));
        Collections.shuffle(order, new Random(seed));
        return order;
    }

    private StepOptions options(AdapterSettings settings, long seed, long step) {
        return new StepSchedule(
                        settings.learningRate().orElse(engine.base().defaultLearningRate()),
                        settings.warmupSteps(),
                        settings.clip(),
                        settings.microBatch(),
                        settings.averageDecay())
                .at(step)
                .withDropoutSeed(Seeds.ofStep(seed, step));
    }

    /** Measures what would be published, which may be the average. */
    private ObjectNode scored(TaskData task, AdapterTrainer trainer, AdapterSettings settings) {
        if (trainer.average().isPresent()) {
            try (AdapterTrainer averaged = engine.model().resume(trainer.published())) {
                return score(task, averaged, settings);
            }
        }
        return score(task, trainer, settings);
    }

    private static ObjectNode score(TaskData task, AdapterTrainer trainer, AdapterSettings settings) {
        return Ledger.score(Score.of(trainer.scores(task.test(), settings.microBatch())))
                .put("task", task.name());
    }
}
