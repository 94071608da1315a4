package io.millrace.bench;

import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A system of a benchmark's own on nano, in a folder that goes with it. */
final class OwnSystem implements AutoCloseable {
    private static final Duration READY_AT_MOST = Duration.ofMinutes(5);

    private final UpProcess process;
    private final Path directory;
    private final String url;

    private OwnSystem(UpProcess process, Path directory, String url) {
        this.process = process;
        this.directory = directory;
        this.url = url;
    }

    /**
     * Starts it and waits until it serves.
     *
     * @param application what {@code java -jar} starts; absent: what this process was started from
     * @throws MillraceException {@code not_ready} where it ends before it serves
     */
    static OwnSystem start(Optional<Path> application) throws InterruptedException {
        Path directory;
        try {
            directory = Files.createTempDirectory("millrace-bench-");
        } catch (IOException e) {
            throw new MillraceException(
                    ErrorCode.NOT_READY, "no folder for a system of its own (" + e.getMessage() + ")", e);
        }
        UpProcess process = UpProcess.start(
                application,
                directory,
                UpProcess.Listening.onFreePorts(),
                directory.resolve("stderr.log"),
                List.of("--base", "nano"),
                Map.of());
        try {
            return new OwnSystem(process, directory, process.awaitReady(READY_AT_MOST));
        } catch (MillraceException e) {
            process.close();
            throw e;
        }
    }

    String url() {
        return url;
    }

    @Override
    public void close() {
        process.close();
        UpProcess.deleteFolder(directory);
    }
}
