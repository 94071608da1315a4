package io.millrace.standalone.cli.adapters;

import com.fasterxml.jackson.databind.JsonNode;
import io.millrace.core.AdapterName;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.standalone.cli.ExampleLines;
import io.millrace.standalone.cli.Out;
import io.millrace.standalone.cli.ServerOptions;
import io.millrace.standalone.cli.adapters.VersionTest.Verdict;
import io.millrace.standalone.client.Pages;
import io.millrace.standalone.client.ServerClient;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "bisect",
        description = {
            "Finds the version that made something worse: runs a command for versions between a good and a bad one, or"
                    + " measures their loss on a file of examples.",
            "The command is told the version as MILLRACE_MODEL (ns/name@40hex), MILLRACE_VERSION (40 hex), MILLRACE_ADAPTER"
                    + " and MILLRACE_SERVER. Its exit code says 0 good, 1 to 124 bad, 125 can't be tested, else stop."
        },
        mixinStandardHelpOptions = true)
final class BisectCommand implements Runnable {
    @Mixin
    private ServerOptions server;

    @Mixin
    private Out out;

    @Parameters(index = "0", paramLabel = "ADAPTER", description = "As acme/support.")
    private String adapter;

    @Option(names = "--good", paramLabel = "REV", required = true, description = "A version that is good.")
    private String good;

    @Option(names = "--bad", paramLabel = "REV", required = true, description = "A later version that is bad.")
    private String bad;

    @Option(
            names = "--eval",
            paramLabel = "FILE",
            description = "Instead of a command: examples, a JSON object a line as for push. A version is bad where its"
                    + " mean loss on them is above a bound.")
    private Optional<String> eval;

    @Option(
            names = "--tolerance",
            paramLabel = "LOSS",
            description = "With --eval: how far above the good version's mean loss is still good. Default: half of what"
                    + " the bad version is above it.")
    private Optional<Double> tolerance;

    @Parameters(index = "1..*", paramLabel = "COMMAND", description = "The test, after --.")
    private List<String> command = List.of();

    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        if (eval.isPresent() != command.isEmpty() || (tolerance.isPresent() && eval.isEmpty())) {
            throw new ParameterException(
                    spec.commandLine(), "name a command after --, or --eval FILE (with --tolerance or without)");
        }
        if (eval.equals(Optional.of("-"))) {
            throw new ParameterException(spec.commandLine(), "--eval is read for each version: name a file");
        }
        AdapterName name = AdapterName.parse(adapter);
        ServerClient client = server.client();
        List<JsonNode> line = line(client, name);
        VersionTest test = eval.isPresent()
                ? new LossTest(
                        client,
                        out,
                        name,
                        new ExampleLines(List.of(eval.get()), Optional.of(name.toString())),
                        line.get(0),
                        line.get(line.size() - 1),
                        tolerance)
                : new CommandTest(client.url(), name, command, out.json());
        Set<Integer> skipped = new HashSet<>();
        int lastGood = 0;
        int firstBad = line.size() - 1;
        for (Optional<Integer> next = next(lastGood, firstBad, skipped);
                next.isPresent();
                next = next(lastGood, firstBad, skipped)) {
            JsonNode version = line.get(next.get());
            Verdict verdict = test.of(version);
            out.note(VersionTest.label(version) + ": " + verdict.name().toLowerCase(Locale.ROOT));
            switch (verdict) {
                case GOOD -> lastGood = next.get();
                case SKIPPED -> skipped.add(next.get());
                case BAD -> firstBad = next.get();
            }
        }
        report(name, line, lastGood, firstBad, test.found());
    }

    /** The versions from the good to the bad one, in which each is trained on from the one before. */
    private List<JsonNode> line(ServerClient client, AdapterName name) {
        String path = "/api/v1/adapters/" + name + "/versions/";
        String goodId = client.get(path + good).path("version").asText();
        List<JsonNode> line = new ArrayList<>();
        for (JsonNode ancestor : Pages.all(client, path + bad + "/lineage", "lineage")) {
            line.add(0, ancestor);
            if (ancestor.path("version").asText().equals(goodId)) {
                if (line.size() == 1) {
                    throw new MillraceException(ErrorCode.BAD_REQUEST, "--good and --bad name the same version");
                }
                return line;
            }
        }
        throw new MillraceException(
                ErrorCode.BAD_REQUEST,
                good + " is no ancestor of " + bad + ": 'adapters lineage " + name + "@" + bad + "' shows which are");
    }

    /** The untested version nearest to the middle; empty where none is left between. */
    private static Optional<Integer> next(int lastGood, int firstBad, Set<Integer> skipped) {
        int middle = (lastGood + firstBad) / 2;
        Optional<Integer> best = Optional.empty();
        for (int i = lastGood + 1; i < firstBad; i++) {
            if (!skipped.contains(i) && (best.isEmpty() || Math.abs(i - middle) < Math.abs(best.get() - middle))) {
                best = Optional.of(i);
            }
        }
        return best;
    }

    private void report(AdapterName name, List<JsonNode> line, int lastGood, int firstBad, Map<String, Object> found) {
        List<JsonNode> candidates = line.subList(lastGood + 1, firstBad + 1);
        out.line(
                candidates.size() == 1
                        ? "first bad version of " + name + ": " + VersionTest.label(candidates.get(0))
                        : "the first bad version of " + name + " is one of these, which couldn't be tested:");
        if (candidates.size() > 1) {
            candidates.forEach(version -> out.line("  " + VersionTest.label(version)));
        }
        Map<String, Object> result = new LinkedHashMap<>();
        result.put("adapter", name.toString());
        result.put("last_good", line.get(lastGood).path("version").asText());
        result.put(
                "first_bad",
                candidates.stream().map(v -> v.path("version").asText()).toList());
        result.putAll(found);
        out.result(result);
    }
}
