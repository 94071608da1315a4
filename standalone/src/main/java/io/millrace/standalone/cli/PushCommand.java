package io.millrace.standalone.cli;

import io.millrace.core.AdapterName;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.standalone.client.ExampleStream;
import io.millrace.standalone.client.OutcomeTail;
import java.time.Duration;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.common.errors.RecordTooLargeException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "push",
        description = "Sends examples (a JSON object a line) into a running system.",
        mixinStandardHelpOptions = true)
final class PushCommand implements Runnable {
    private static final Duration POLL = Duration.ofMillis(500);

    @Mixin
    private KafkaOptions kafka;

    @Mixin
    private Out out;

    @Parameters(paramLabel = "FILE", arity = "1..*", description = "JSONL, or - for the standard input.")
    private List<String> files;

    @Option(names = "--adapter", paramLabel = "NAME", description = "The adapter of examples that name none.")
    private Optional<String> adapter;

    @Option(names = "--wait", description = "Wait until each example has an outcome.")
    private boolean wait;

    @Option(
            names = "--dry-run",
            description = {
                "Send nothing: say for each line what it would come to, with the system's own parser, tokenizer and"
                        + " settings, and how long the examples are.",
                "Duplicates are found among these lines; what the system has seen before isn't looked up. Exit code 1"
                        + " where a line would be refused."
            })
    private boolean dryRun;

    @Option(
            names = "--timeout",
            paramLabel = "SECONDS",
            defaultValue = "3600",
            description = "With --wait: how long at most. Default: ${DEFAULT-VALUE}")
    private long timeoutSeconds;

    @Spec
    private CommandSpec spec;

    /** What was sent and isn't answered for yet. */
    private final Set<OutcomeTail.Position> open = new HashSet<>();

    private final SortedMap<String, Integer> outcomes = new TreeMap<>();
    private final SortedMap<String, Integer> rejected = new TreeMap<>();

    @Override
    public void run() {
        adapter.ifPresent(AdapterName::parse);
        ExampleLines lines = new ExampleLines(files, adapter);
        if (dryRun) {
            if (wait) {
                throw new ParameterException(spec.commandLine(), "--dry-run sends nothing to wait for");
            }
            new DryRun(kafka.server(), out).run(lines);
            return;
        }
        lines.requireFiles();
        try (ExampleStream stream = new ExampleStream(kafka.settings())) {
            if (wait) {
                try (OutcomeTail tail = stream.outcomes()) {
                    int sent = send(lines, stream);
                    await(tail, sent);
                    report(sent);
                }
            } else {
                report(send(lines, stream));
            }
        }
    }

    private int send(ExampleLines lines, ExampleStream stream) {
        // What the producer's thread learns, taken over by this one.
        ConcurrentLinkedQueue<OutcomeTail.Position> accepted = new ConcurrentLinkedQueue<>();
        ConcurrentLinkedQueue<Throwable> refused = new ConcurrentLinkedQueue<>();
        AtomicInteger sent = new AtomicInteger();
        lines.each(line -> {
            sent.incrementAndGet();
            CompletableFuture<Void> unused = stream.send(line.bytes()).handle((metadata, failure) -> {
                if (failure == null) {
                    accepted.add(new OutcomeTail.Position(metadata.partition(), metadata.offset()));
                } else {
                    refused.add(failure);
                }
                return null;
            });
        });
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
        return sent.get();
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
