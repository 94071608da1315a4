package io.millrace.bench.chaos;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.bench.UpProcess;
import io.millrace.topics.KafkaSettings;
import io.millrace.trainer.Engines;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Kills a system under load, again and again, and counts what was lost or happened twice. */
@Command(
        name = "chaos",
        mixinStandardHelpOptions = true,
        description =
                "Streams examples into a system of its own, kills it with SIGKILL at seeded random moments, restarts"
                        + " it, and checks at the end that each example has exactly one outcome and that every version can be"
                        + " computed again. Exit 1 where anything was lost or happened twice.")
public final class ChaosBench implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Option(names = "--kills", defaultValue = "20", description = "How often (${DEFAULT-VALUE}).")
    private int kills;

    @Option(names = "--seed", defaultValue = "1", description = "Of the examples and the moments (${DEFAULT-VALUE}).")
    private long seed;

    @Option(names = "--base", defaultValue = "nano", description = "The base (${DEFAULT-VALUE}).")
    private String base;

    @Option(
            names = "--base-dir",
            paramLabel = "DIR",
            defaultValue = "${sys:user.home}/.millrace/bases",
            description = "Where bases are kept (${DEFAULT-VALUE}).")
    private Path baseDir;

    @Option(names = "--adapters", defaultValue = "4", description = "Adapters (${DEFAULT-VALUE}).")
    private int adapters;

    @Option(names = "--rate", defaultValue = "40", description = "Examples a second (${DEFAULT-VALUE}).")
    private int rate;

    @Option(
            names = "--crash-at",
            paramLabel = "POINT[:N],...",
            description = "Then halt lives at the nth passing of these points of the trainer's protocol; or all.")
    private Optional<String> crashAt;

    @Option(
            names = "--data-dir",
            paramLabel = "D",
            description = "An empty folder; kept. Default: one that is deleted.")
    private Optional<Path> dataDir;

    @Override
    public Integer call() throws Exception {
        Path directory = dataDir.isPresent()
                ? Files.createDirectories(dataDir.get().toAbsolutePath())
                : Files.createTempDirectory("millrace-chaos-");
        requireEmpty(directory);
        boolean sound = false;
        try {
            sound = run(directory);
            return sound ? 0 : 1;
        } finally {
            if (sound && dataDir.isEmpty()) {
                UpProcess.deleteFolder(directory);
            } else {
                note("everything is kept in " + directory);
            }
        }
    }

    private boolean run(Path directory) throws Exception {
        Path system = directory.resolve("system");
        UpProcess.Listening ports = UpProcess.Listening.onFreePorts();
        KafkaSettings kafka = KafkaSettings.of("127.0.0.1:" + ports.kafka());
        Input input = new Input(seed, adapters);
        List<String> settings = List.of(
                "--base",
                base,
                "--base-dir",
                baseDir.toString(),
                "--device",
                "cpu",
                "--dtype",
                "f32",
                "--threads",
                "1");
        Durations[] times = new Durations[2];
        Map<KillPlan.Phase, Integer> killed;
        int halted;
        Map<Stream.Place, Long> acknowledged;
        long unknown;
        try (OutcomeWatch outcomes = new OutcomeWatch(kafka)) {
            Stream stream = new Stream(kafka, input, rate, outcomes::outcomes);
            Lives lives = new Lives(
                    environment -> UpProcess.start(
                            Optional.empty(), system, ports, directory.resolve("stderr.log"), settings, environment),
                    ports,
                    stream,
                    outcomes,
                    input,
                    this::note);
            stream.start();
            outcomes.start();
            KillPlan plan = new KillPlan(seed);
            List<String> crashes =
                    crashAt.map(CrashPlan::parse).map(CrashPlan::crashes).orElse(List.of());
            for (int life = 0; life < kills; life++) {
                lives.killed(life, plan);
            }
            for (String crash : crashes) {
                lives.crashed(crash, kills == 0 && lives.crashes() == 0);
            }
            lives.last(kills + crashes.size() == 0);
            times[0] = lives.toReady();
            times[1] = lives.toCaughtUp();
            killed = lives.kills();
            halted = lives.crashes();
            acknowledged = stream.acknowledged();
            unknown = stream.unknown();
        }
        Audit.Result audit =
                new Audit(input, new Engines(baseDir, base, "cpu", 1, "f32")).of(system, acknowledged, unknown);
        line("kills_survived", Map.of("value", kills, "while", killed, "halts", halted, "base", base, "seed", seed));
        line("examples", audit.examples());
        line("losses", Map.of("value", audit.findings().losses()));
        line("duplicates", Map.of("value", audit.findings().duplicates()));
        line("wrong", Map.of("value", audit.findings().wrongs()));
        line("journal", audit.journal());
        line("recomputed", audit.recomputed());
        line("seconds_to_ready", times[0].figures());
        line("seconds_to_caught_up", times[1].figures());
        audit.findings().words().forEach(this::note);
        return audit.findings().none();
    }

    private static void requireEmpty(Path directory) throws IOException {
        try (java.util.stream.Stream<Path> files = Files.list(directory)) {
            if (files.findAny().isPresent()) {
                throw new IOException(directory + " isn't empty; name an empty folder");
            }
        }
    }

    private void line(String figure, Map<String, ?> values) throws IOException {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("bench", "chaos");
        line.put("figure", figure);
        line.putAll(values);
        PrintWriter out = spec.commandLine().getOut();
        out.println(new ObjectMapper().writeValueAsString(line));
        out.flush();
    }

    private void note(String what) {
        PrintWriter err = spec.commandLine().getErr();
        err.println(what);
        err.flush();
    }
}
