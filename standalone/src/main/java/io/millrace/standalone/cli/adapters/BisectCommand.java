package io.millrace.standalone.cli.adapters;

import com.fasterxml.jackson.databind.JsonNode;
import io.millrace.core.AdapterName;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.standalone.cli.Out;
import io.millrace.standalone.cli.ServerOptions;
import io.millrace.standalone.client.Pages;
import io.millrace.standalone.client.ServerClient;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "bisect",
        description = {
            "Finds the version that made something worse: runs a command for versions between a good and a bad one.",
            "It is told the version as MILLRACE_MODEL (ns/name@40hex), MILLRACE_VERSION (40 hex), MILLRACE_ADAPTER and"
                    + " MILLRACE_SERVER. Its exit code says 0 good, 1 to 124 bad, 125 can't be tested, else stop."
        },
        mixinStandardHelpOptions = true)
final class BisectCommand implements Runnable {
    private static final int SKIP = 125;
    private static final int BAD_AT_MOST = 127;

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

    @Parameters(index = "1..*", arity = "1..*", paramLabel = "COMMAND", description = "The test, after --.")
    private List<String> command;

    @Override
    public void run() {
        AdapterName name = AdapterName.parse(adapter);
        ServerClient client = server.client();
        List<JsonNode> line = line(client, name);
        Set<Integer> skipped = new HashSet<>();
        int lastGood = 0;
        int firstBad = line.size() - 1;
        for (Optional<Integer> next = next(lastGood, firstBad, skipped);
                next.isPresent();
                next = next(lastGood, firstBad, skipped)) {
            JsonNode version = line.get(next.get());
            int exit = test(client, name, version);
            String verdict = exit == 0 ? "good" : exit == SKIP ? "skipped" : "bad";
            out.note(label(version) + ": " + verdict);
            if (exit == 0) {
                lastGood = next.get();
            } else if (exit == SKIP) {
                skipped.add(next.get());
            } else {
                firstBad = next.get();
            }
        }
        report(name, line, lastGood, firstBad);
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

    private int test(ServerClient client, AdapterName name, JsonNode version) {
        String id = version.path("version").asText();
        ProcessBuilder process = new ProcessBuilder(command).inheritIO();
        if (out.json()) {
            process.redirectOutput(ProcessBuilder.Redirect.DISCARD);
        }
        process.environment()
                .putAll(Map.of(
                        "MILLRACE_ADAPTER",
                        name.toString(),
                        "MILLRACE_VERSION",
                        id,
                        "MILLRACE_MODEL",
                        name + "@" + id,
                        "MILLRACE_SERVER",
                        client.url()));
        try {
            int exit = process.start().waitFor();
            if (exit > BAD_AT_MOST) {
                throw new MillraceException(
                        ErrorCode.BAD_REQUEST,
                        "the command ended with " + exit + " for " + label(version) + ": stopped");
            }
            return exit;
        } catch (IOException e) {
            throw new MillraceException(ErrorCode.BAD_REQUEST, "the command can't be run: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new MillraceException(ErrorCode.TIMED_OUT, "interrupted", e);
        }
    }

    private void report(AdapterName name, List<JsonNode> line, int lastGood, int firstBad) {
        List<JsonNode> candidates = line.subList(lastGood + 1, firstBad + 1);
        out.line(
                candidates.size() == 1
                        ? "first bad version of " + name + ": " + label(candidates.get(0))
                        : "the first bad version of " + name + " is one of these, which couldn't be tested:");
        if (candidates.size() > 1) {
            candidates.forEach(version -> out.line("  " + label(version)));
        }
        Map<String, Object> result = new LinkedHashMap<>();
        result.put("adapter", name.toString());
        result.put("last_good", line.get(lastGood).path("version").asText());
        result.put(
                "first_bad",
                candidates.stream().map(v -> v.path("version").asText()).toList());
        out.result(result);
    }

    private static String label(JsonNode version) {
        return version.path("label").asText() + " " + version.path("version").asText();
    }
}
