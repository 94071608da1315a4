package io.millrace.standalone.cli.base;

import io.millrace.core.BaseDescription;
import io.millrace.standalone.cli.BaseStoreOption;
import io.millrace.standalone.cli.ImportBar;
import io.millrace.standalone.cli.Out;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "import",
        description = "Imports a Hugging Face directory or a GGUF file of this machine.",
        mixinStandardHelpOptions = true)
final class ImportCommand implements Runnable {
    @Mixin
    private BaseStoreOption store;

    @Mixin
    private QuantisationOption quantisation;

    @Mixin
    private Out out;

    @Parameters(paramLabel = "PATH", description = "The directory or the file.")
    private Path path;

    @Option(names = "--name", paramLabel = "NAME", description = "What to call it. Default: the file's name.")
    private Optional<String> given;

    @Override
    public void run() {
        String name = given.orElseGet(this::fileName);
        try (ImportBar bar = new ImportBar()) {
            BaseDescription base = store.open().importFrom(name, path, quantisation.value(), bar);
            bar.close();
            out.line(name + " is here: " + base.id().hex());
            out.result(Map.of("name", name, "id", base.id().hex()));
        }
    }

    private String fileName() {
        String file = path.toAbsolutePath().normalize().getFileName().toString();
        return file.endsWith(".gguf") ? file.substring(0, file.length() - ".gguf".length()) : file;
    }
}
