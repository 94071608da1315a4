package io.millrace.standalone.cli;

import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.engine.DType;
import io.millrace.standalone.demo.DemoReport;
import io.millrace.standalone.demo.DemoRun;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "demo",
        description =
                "Starts everything, streams three small tasks through it, and shows what that did to the answers.",
        mixinStandardHelpOptions = true)
final class DemoCommand implements Callable<Integer> {
    @Mixin
    private Out out;

    @Mixin
    private BaseOptions base;

    @Option(names = "--data-dir", paramLabel = "D", description = "Kept afterwards. Default: a temporary folder.")
    private Optional<Path> dataDir;

    @Option(names = "--report", paramLabel = "FILE", description = "Where to write the report as JSON.")
    private Optional<Path> report;

    @Override
    public Integer call() throws IOException {
        requireWritable();
        BaseOptions.Chosen chosen = base.choose(out::note);
        Path directory = dataDir.isPresent() ? dataDir.get() : Files.createTempDirectory("millrace-demo-");
        try {
            DemoReport result = DemoRun.run(
                    new DemoRun.Options(
                            directory,
                            chosen.name(),
                            chosen.id(),
                            chosen.settings(),
                            base.device(),
                            base.threads(),
                            DType.parse(base.dtype())),
                    chosen.open(),
                    out::note);
            print(result);
            out.result(result);
            if (report.isPresent()) {
                Files.writeString(report.get(), Out.toJson(result) + "\n", StandardCharsets.UTF_8);
            }
            if (!result.ok()) {
                throw new MillraceException(ErrorCode.TRAINING_FAILED, result.complaint());
            }
            return 0;
        } finally {
            if (dataDir.isEmpty()) {
                delete(directory);
            }
        }
    }

    private void print(DemoReport result) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("ADAPTER", "VERSION", "EXAMPLES", "HELD-OUT LOSS BEFORE", "AFTER"));
        for (DemoReport.Adapter adapter : result.adapters()) {
            rows.add(List.of(
                    adapter.name(),
                    adapter.version().substring(0, 12),
                    String.valueOf(adapter.examples()),
                    String.format(Locale.ROOT, "%.3f", adapter.holdoutLossBefore()),
                    String.format(Locale.ROOT, "%.3f", adapter.holdoutLossAfter())));
        }
        out.line("");
        out.table(rows);
        out.line(String.format(
                Locale.ROOT,
                "base %s, routing right for %d of %d, %.0f s",
                result.base(),
                result.routing().right(),
                result.routing().asked(),
                result.seconds()));
    }

    /** Before minutes of work, not after. */
    private void requireWritable() {
        report.map(Path::toAbsolutePath).map(Path::getParent).ifPresent(folder -> {
            if (!Files.isDirectory(folder) || !Files.isWritable(folder)) {
                throw new MillraceException(
                        ErrorCode.BAD_REQUEST,
                        report.get() + " can't be written: " + folder + " is no folder that can be written to");
            }
        });
    }

    private static void delete(Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }
}
