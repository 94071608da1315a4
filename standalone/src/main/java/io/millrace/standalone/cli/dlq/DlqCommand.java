package io.millrace.standalone.cli.dlq;

import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.standalone.cli.Out;
import io.millrace.standalone.client.DeadLetters;
import io.millrace.standalone.client.DeadLetters.DeadLetter;
import io.millrace.standalone.client.ExampleStream;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.clients.producer.RecordMetadata;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "dlq",
        description = "Dead letters: examples that were refused, as they came.",
        mixinStandardHelpOptions = true,
        subcommands = {DlqCommand.ListLetters.class, DlqCommand.Show.class, DlqCommand.Replay.class})
public final class DlqCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "a subcommand of dlq is missing");
    }

    @Command(name = "list", description = "Lists dead letters, oldest first.", mixinStandardHelpOptions = true)
    static final class ListLetters implements Runnable {
        private static final int SHOWN = 60;

        @Mixin
        private DeadLetterOptions letters;

        @Mixin
        private Out out;

        @Override
        public void run() {
            List<DeadLetter> all = letters.all();
            List<List<String>> rows = new ArrayList<>();
            rows.add(List.of("NAME", "TIME", "CODE", "RECORD"));
            for (DeadLetter letter : all) {
                String text = letter.text().replaceAll("\\s+", " ");
                rows.add(List.of(
                        letter.name(),
                        Instant.ofEpochMilli(letter.timestampMs()).toString(),
                        letter.code(),
                        text.length() <= SHOWN ? text : text.substring(0, SHOWN) + "…"));
            }
            out.table(rows);
            out.result(all.stream().map(DeadLetterOptions::json).toList());
        }
    }

    @Command(name = "show", description = "Shows one with its headers.", mixinStandardHelpOptions = true)
    static final class Show implements Runnable {
        @Mixin
        private DeadLetterOptions letters;

        @Mixin
        private Out out;

        @Parameters(paramLabel = "NAME", description = "As 3:17, partition and offset of the dead letter.")
        private String name;

        @Override
        public void run() {
            DeadLetter letter = letters.named(List.of(name)).get(0);
            letter.headers().forEach((header, value) -> out.line(header + ": " + value));
            out.line("");
            out.line(letter.text());
            out.result(DeadLetterOptions.json(letter));
        }
    }

    @Command(
            name = "replay",
            description = {
                "Sends dead letters into the examples topic again, byte for byte, marked by the header "
                        + DeadLetters.REPLAYED + ".",
                "An example that was accepted and then refused, as by a round that was given up, is accepted once more"
                        + " for each dead letter; sent more often it is a duplicate."
            },
            mixinStandardHelpOptions = true)
    static final class Replay implements Runnable {
        @Mixin
        private DeadLetterOptions letters;

        @Mixin
        private Out out;

        @Parameters(arity = "0..*", paramLabel = "NAME", description = "As 3:17; or --all.")
        private List<String> names = List.of();

        @Option(names = "--all", description = "All, or all of --code.")
        private boolean all;

        @Spec
        private CommandSpec spec;

        @Override
        public void run() {
            if (all == !names.isEmpty()) {
                throw new ParameterException(spec.commandLine(), "name the dead letters, or say --all");
            }
            List<DeadLetter> chosen = all ? letters.all() : letters.named(names);
            List<String> sent = new ArrayList<>();
            try (ExampleStream stream = new ExampleStream(letters.kafka())) {
                List<CompletableFuture<RecordMetadata>> answers = chosen.stream()
                        .map(letter ->
                                stream.send(letter.key(), letter.value(), Map.of(DeadLetters.REPLAYED, letter.name())))
                        .toList();
                stream.flush();
                for (int i = 0; i < answers.size(); i++) {
                    RecordMetadata at = answers.get(i).join();
                    sent.add(chosen.get(i).name() + " -> " + at.partition() + ":" + at.offset());
                }
            } catch (java.util.concurrent.CompletionException e) {
                throw new MillraceException(
                        ErrorCode.KAFKA_UNAVAILABLE,
                        "Kafka took " + sent.size() + " of " + chosen.size() + ": "
                                + e.getCause().getMessage(),
                        e);
            }
            sent.forEach(out::line);
            out.line(sent.size() + " sent again");
            out.result(Map.of("sent", sent));
        }
    }
}
