package io.millrace.standalone.cli.offline;

import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import picocli.CommandLine.Option;

/** Where a command writes a directory. */
final class OutDirectory {
    @Option(
            names = "--out",
            required = true,
            paramLabel = "DIR",
            description = "Where to write: a directory that isn't there yet, or is empty.")
    private Path directory;

    Path path() {
        return directory;
    }

    /** Its last part. */
    String name() {
        return directory.toAbsolutePath().normalize().getFileName().toString();
    }

    /** @throws MillraceException {@code already_exists} where something is there, before any work is done for it */
    void requireFree() {
        if (!Files.exists(directory)) {
            return;
        }
        try (Stream<Path> files = Files.list(directory)) {
            if (files.findAny().isEmpty()) {
                return;
            }
        } catch (IOException e) {
            throw new MillraceException(
                    ErrorCode.ALREADY_EXISTS, directory + " can't be read as a directory; give another --out", e);
        }
        throw new MillraceException(
                ErrorCode.ALREADY_EXISTS, directory + " holds files already; give another --out, or empty it");
    }
}
