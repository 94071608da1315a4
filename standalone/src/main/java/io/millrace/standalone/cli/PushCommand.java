package io.millrace.standalone.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.millrace.core.AdapterName;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.standalone.client.ExampleStream;
import io.millrace.standalone.client.OutcomeTail;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.apache.kafka.common.errors.RecordTooLargeException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "push",
        description = "Sends examples (a JSON object a line) into a running system.",
        mixinStandardHelpOptions = true)
final class PushCommand implements Runnable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration POLL = Duration.ofMillis(500);

    @Mixin
    private KafkaOptions kafka;

    @Mixin
    private Out out;

    @Parameters(paramLabel = "FILE", description = "JSONL, or - for the standard input.")
    private String file;

    @Option(names = "--adapter", paramLabel = "NAME", description = "The adapter of examples that name none.")
    private Optional<String> adapter;

    @Option(names = "--wait", description = "Wait until each example has an outcome.")
    private boolean wait;

    @Option(
            names = "--timeout",
            paramLabel = "SECONDS",
            defaultValue = "3600",
            description = "With --wait: how long at most. Default: ${DEFAULT-VALUE}")
    private long timeoutSeconds;

    /** What was sent and isn't answered for yet. */
    private final Set<OutcomeTail.Position> open = new HashSet<>();

    private final SortedMap<String, Integer> outcomes = new TreeMap<>();
    private final SortedMap<String, Integer> rejected = new TreeMap<>();

    @Override
    public void run() {
        adapter.ifPresent(AdapterName::parse);
        try (InputStream in = input();
                ExampleStream stream = new ExampleStream(kafka.settings())) {
            if (wait) {
                try (OutcomeTail tail = stream.outcomes()) {
                    int sent = send(in, stream);
                    await(tail, sent);
                    report(sent);
                }
            } else {
                report(send(in, stream));
            }
        } catch (IOException e) {
            throw new MillraceException(ErrorCode.BAD_REQUEST, file + " can't be read: " + e.getMessage(), e);
        }
    }

    private InputStream input() throws IOException {
        if (file.equals("-")) {
            return System.in;
        }
        if (!Files.isRegularFile(Path.of(file))) {
            throw new MillraceException(
                    ErrorCode.BAD_REQUEST, file + " is no file; name a file with a JSON object a line, or -");
        }
        return Files.newInputStream(Path.of(file));
    }

    private int send(InputStream in, ExampleStream stream) throws IOException {
        // What the producer's thread learns, taken over by this one.
        ConcurrentLinkedQueue<OutcomeTail.Position> accepted = new ConcurrentLinkedQueue<>();
        ConcurrentLinkedQueue<Throwable> refused = new ConcurrentLinkedQueue<>();
        int sent = 0;
        BufferedReader lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            if (line.isBlank()) {
                continue;
            }
            sent++;
            CompletableFuture<Void> unused = stream.send(withAdapter(line).getBytes(StandardCharsets.UTF_8))
                    .handle((metadata, failure) -> {
                        if (failure == null) {
                            accepted.add(new OutcomeTail.Position(metadata.partition(), metadata.offset()));
                        } else {
                            refused.add(failure);
                        }
                        return null;
                    });
        }
        stream.flush();
        open.addAll(accepted);
        for (Throwable failure : refused) {
            if (!(failure instanceof RecordTooLargeException)) {
                throw new MillraceException(
                        ErrorCode.KAFKA_UNAVAILABLE,
                        "Kafka took " + accepted.size() + " of " + sent + " examples, then: " + failure.getMessage()
                                + "; push the file again, what it has already is recognised by its id",
                        failure);
            }
            count("REJECTED", Optional.of(ErrorCode.RECORD_TOO_LARGE.code()));
        }
        return sent;
    }

    /** The line with the adapter put in where it names none; a line that is no JSON object goes as it is. */
    private String withAdapter(String line) {
        if (adapter.isEmpty()) {
            return line;
        }
        try {
            JsonNode record = JSON.readTree(line);
            if (record instanceof ObjectNode object && !object.has("adapter")) {
                object.put("adapter", adapter.get());
                return object.toString();
            }
        } catch (JsonProcessingException e) {
            // The curator says what is wrong with it, and keeps it as a dead letter.
            return line;
        }
        return line;
    }

    private void await(OutcomeTail tail, int sent) {
        Progress progress = new Progress("outcomes");
        long deadline = System.nanoTime() + Duration.ofSeconds(timeoutSeconds).toNanos();
        while (!open.isEmpty()) {
            for (OutcomeTail.Seen seen : tail.poll(POLL)) {
                if (open.remove(seen.source())) {
                    count(seen.kind(), seen.code());
                }
            }
            progress.update(sent - open.size(), sent, "");
            if (System.nanoTime() > deadline) {
                throw new MillraceException(
                        ErrorCode.TIMED_OUT,
                        open.size() + " of " + sent + " examples have no outcome after " + timeoutSeconds
                                + " s; see that the system is ready, and push again or give a longer --timeout");
            }
        }
        progress.end();
    }

    private void count(String kind, Optional<String> code) {
        outcomes.merge(kind, 1, Integer::sum);
        code.ifPresent(c -> rejected.merge(c, 1, Integer::sum));
    }

    private void report(int sent) {
        out.line(sent + " sent");
        outcomes.forEach((kind, n) -> out.line("  " + kind + " " + n));
        rejected.forEach((code, n) -> out.line("    " + code + " " + n));
        Map<String, Object> result = new LinkedHashMap<>();
        result.put("sent", sent);
        result.put("outcomes", outcomes);
        result.put("rejected", rejected);
        out.result(result);
    }
}
