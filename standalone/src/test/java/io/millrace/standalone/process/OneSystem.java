package io.millrace.standalone.process;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.standalone.architecture.Repository;
import io.millrace.standalone.cli.CommandRun;
import io.millrace.standalone.system.FreePorts;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/** Where one {@code up} on the smallest base lives: its folder and its ports, the same for each start. */
record OneSystem(Path folder, int port, int kafkaPort, int s3Port) {
    private static final Duration READY_AT_MOST = Duration.ofSeconds(150); // on a machine that does much else
    private static final ObjectMapper JSON = new ObjectMapper();

    static OneSystem in(Path folder) {
        List<Integer> ports = FreePorts.some(3);
        return new OneSystem(folder, ports.get(0), ports.get(1), ports.get(2));
    }

    /** As settings come from a shell. */
    Map<String, String> environment() {
        return Map.of(
                "MILLRACE_BASE", "nano",
                "MILLRACE_BASE_DIR", folder.resolve("bases").toString(),
                "MILLRACE_PORT", String.valueOf(port),
                "MILLRACE_KAFKA_PORT", String.valueOf(kafkaPort),
                "MILLRACE_S3_PORT", String.valueOf(s3Port),
                "MILLRACE_SERVER", url());
    }

    String url() {
        return "http://127.0.0.1:" + port;
    }

    String kafka() {
        return "127.0.0.1:" + kafkaPort;
    }

    /** A line of a shell in the folder, in which {@code ./millrace} is the repository's launcher. */
    ChildProcess shell(String line) {
        String launcher = "'" + Repository.root().resolve("millrace") + "'";
        return ChildProcess.start(
                folder, environment(), List.of("bash", "-c", "exec " + line.replace("./millrace", launcher)));
    }

    ChildProcess up() {
        return ready(shell("./millrace up"));
    }

    /** Once it serves. */
    ChildProcess ready(ChildProcess up) {
        up.awaitLine("READY " + url(), READY_AT_MOST);
        return up;
    }

    /** A command against the running system, in this JVM. */
    CommandRun run(String... args) {
        return CommandRun.with(environment(), args);
    }

    /** With {@code --json}: all that it printed on stdout must be one JSON document. */
    JsonNode json(String... args) {
        String[] withJson = java.util.Arrays.copyOf(args, args.length + 1);
        withJson[args.length] = "--json";
        CommandRun run = run(withJson);
        if (run.exit() != 0) {
            throw new AssertionError(String.join(" ", withJson) + " failed: " + run.err());
        }
        return parse(run.out());
    }

    static JsonNode parse(String text) {
        try {
            return JSON.reader()
                    .with(com.fasterxml.jackson.databind.DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                    .readTree(text);
        } catch (JsonProcessingException e) {
            throw new AssertionError("no JSON document: " + text, e);
        }
    }
}
