package io.millrace.bench.continual;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.millrace.core.AdapterSettings;
import io.millrace.core.ErrorCode;
import io.millrace.core.ExampleParser;
import io.millrace.core.MillraceException;
import io.millrace.engine.torch.ComputeThread;
import io.millrace.trainer.Engines;
import io.millrace.trainer.train.Examples;
import io.millrace.trainer.worker.Engine;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** What is learnt from a stream of tasks and what is forgotten, beside training on the shuffled union. */
@Command(
        name = "continual",
        mixinStandardHelpOptions = true,
        description = "Streams tasks one after another into one adapter and into one each, with and without replay.")
public final class ContinualBench implements Callable<Integer> {
    private static final int MAX_EXAMPLE_BYTES = 1 << 20;

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--data-dir",
            required = true,
            paramLabel = "DIR",
            description = "Holds TASK.train.jsonl and TASK.test.jsonl, lines {prompt, completion}.")
    private Path data;

    @Option(
            names = "--tasks",
            split = ",",
            defaultValue = "banking77,e2e,cl.agnews,cl.amazon,cl.dbpedia",
            description = "In this order (${DEFAULT-VALUE}).")
    private List<String> names;

    @Option(names = "--per-task", defaultValue = "400", description = "Streamed examples of a task (${DEFAULT-VALUE}).")
    private int perTask;

    @Option(names = "--test", defaultValue = "200", description = "Examples to measure a task with (${DEFAULT-VALUE}).")
    private int test;

    @Option(names = "--base", defaultValue = "smollm2-135m-instruct", description = "A pulled base (${DEFAULT-VALUE}).")
    private String base;

    @Option(
            names = "--base-dir",
            paramLabel = "DIR",
            defaultValue = "${sys:user.home}/.millrace/bases",
            description = "Where bases are kept (${DEFAULT-VALUE}).")
    private Path baseDirectory;

    @Option(names = "--device", defaultValue = "cpu", description = "auto, cpu or cuda:N (${DEFAULT-VALUE}).")
    private String device;

    @Option(names = "--dtype", defaultValue = "bf16", description = "bf16 or f32 (${DEFAULT-VALUE}).")
    private String dtype;

    @Option(names = "--threads", defaultValue = "0", description = "Threads of an operator; 0: one for each processor.")
    private int threads;

    @Option(names = "--set", paramLabel = "KEY=VALUE", description = "A setting of the adapters, as `adapters set`.")
    private Map<String, String> settings = new LinkedHashMap<>();

    @Option(
            names = "--sequences",
            negatable = true,
            defaultValue = "true",
            fallbackValue = "true",
            description = "All tasks into one adapter.")
    private boolean sequences;

    @Option(
            names = "--own",
            negatable = true,
            defaultValue = "true",
            fallbackValue = "true",
            description = "Also an adapter for each task.")
    private boolean own;

    @Option(
            names = "--runs",
            split = ",",
            defaultValue = "plain,replay",
            description = "plain: without replay. replay: as the settings say (${DEFAULT-VALUE}).")
    private Set<Run> runs;

    @Option(
            names = "--seeds",
            defaultValue = "1",
            description =
                    "The adapters for each task are trained that many times, from other seeds (${DEFAULT-VALUE}).")
    private int seeds;

    @Option(
            names = "--first-seed",
            defaultValue = "1",
            description =
                    "The first of these, so that several processes can share them (${DEFAULT-VALUE}; --sequences have it too).")
    private int firstSeed;

    @Option(
            names = "--out",
            paramLabel = "FILE",
            description =
                    "Keeps the lines of each finished part; a later run with the same options goes on after them.")
    private Path file;

    @Override
    public Integer call() throws Exception {
        fromOne("--seeds", seeds);
        fromOne("--first-seed", firstSeed);
        AdapterSettings replaying = AdapterSettings.of(settings);
        Ledger ledger = new Ledger(spec.commandLine().getOut(), Optional.ofNullable(file));
        ledger.part("configuration", () -> List.of(configuration(replaying)), this::refuseOthers);
        return ComputeThread.call(() -> measure(ledger, replaying));
    }

    private static void fromOne(String option, int value) {
        if (value < 1) {
            throw new MillraceException(ErrorCode.BAD_SETTING, option + " takes a number from 1, not " + value);
        }
    }

    private int measure(Ledger ledger, AdapterSettings replaying) throws Exception {
        try (Engine engine = new Engines(baseDirectory, base, device, threads, dtype).open()) {
            Examples examples = new Examples(new ExampleParser(MAX_EXAMPLE_BYTES)::parse, engine.encoder());
            List<TaskData> tasks = names.stream()
                    .map(name -> TaskData.read(data, name, perTask, test, examples, replaying.maxLength()))
                    .toList();
            List<Learner> learners = IntStream.range(firstSeed, firstSeed + seeds)
                    .mapToObj(seed -> new Learner(engine, examples, seed))
                    .toList();
            Report report = new Report(ledger, learners.get(0));
            Map<Run, AdapterSettings> asked = new EnumMap<>(Run.class);
            runs.forEach(run -> asked.put(run, run.of(replaying)));
            if (sequences) {
                report.sequences(tasks, asked);
            }
            if (own) {
                report.own(tasks, asked, learners);
            }
        }
        return 0;
    }

    private ObjectNode configuration(AdapterSettings used) {
        ObjectNode line = Ledger.line()
                .put("bench", "continual")
                .put("base", base)
                .put("dtype", dtype)
                .put("per_task", perTask)
                .put("test", test)
                .put("tasks", String.join(",", names));
        ObjectNode shown = line.putObject("settings");
        used.asMap().forEach(shown::put);
        return line;
    }

    private void refuseOthers(List<ObjectNode> known) {
        ObjectNode now = configuration(AdapterSettings.of(settings)).put("part", "configuration");
        if (!known.equals(new ArrayList<>(List.of(now)))) {
            throw new MillraceException(
                    ErrorCode.BAD_SETTING, file + " holds lines of other options; give another --out, or delete it");
        }
    }
}
