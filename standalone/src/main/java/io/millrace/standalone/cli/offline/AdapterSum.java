package io.millrace.standalone.cli.offline;

import io.millrace.core.BaseDescription;
import io.millrace.core.peft.PeftDirectory;
import io.millrace.engine.compose.WeightedSum;
import java.util.List;
import java.util.stream.Collectors;
import picocli.CommandLine.Option;

/** Adapters that lie in PEFT directories, each with its weight. */
final class AdapterSum {
    @Option(
            names = "--adapter",
            paramLabel = "DIR[=W]",
            converter = WeightedDirectory.Reader.class,
            description = "A PEFT directory and its weight (1 where none is given); may be given several times.")
    private List<WeightedDirectory> directories = List.of();

    boolean isEmpty() {
        return directories.isEmpty();
    }

    /** @throws io.millrace.core.MillraceException {@code invalid_adapter}, {@code wrong_base} */
    List<WeightedSum.Part> read(BaseDescription base) {
        return directories.stream()
                .map(adapter -> new WeightedSum.Part(PeftDirectory.read(adapter.directory(), base), adapter.weight()))
                .toList();
    }

    /** For people, as {@code 0.7 x support, 0.3 x tone}. */
    String shown() {
        return directories.stream()
                .map(adapter -> adapter.weight() + " x "
                        + adapter.directory().toAbsolutePath().normalize().getFileName())
                .collect(Collectors.joining(", "));
    }
}
