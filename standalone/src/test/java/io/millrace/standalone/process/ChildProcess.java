package io.millrace.standalone.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A program that runs beside the test; what it prints is kept in files. Closing it kills it. */
public final class ChildProcess implements AutoCloseable {
    private final Process process;
    private final Path out;
    private final Path err;

    private ChildProcess(Process process, Path out, Path err) {
        this.process = process;
        this.out = out;
        this.err = err;
    }

    /**
     * @param folder where it is started, and where its output goes
     * @param environment on top of this process's, of which nothing of Millrace's is handed on
     */
    public static ChildProcess start(Path folder, Map<String, String> environment, List<String> command) {
        try {
            Path out = Files.createTempFile(folder, "child-", ".out");
            Path err = Files.createTempFile(folder, "child-", ".err");
            ProcessBuilder builder = new ProcessBuilder(command)
                    .directory(folder.toFile())
                    .redirectInput(ProcessBuilder.Redirect.from(new java.io.File("/dev/null")))
                    .redirectOutput(out.toFile())
                    .redirectError(err.toFile());
            builder.environment()
                    .keySet()
                    .removeIf(name -> name.startsWith("MILLRACE_") || name.startsWith("QUARKUS_"));
            builder.environment().putAll(environment);
            return new ChildProcess(builder.start(), out, err);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public String out() {
        return read(out);
    }

    public String err() {
        return read(err);
    }

    public boolean alive() {
        return process.isAlive();
    }

    /** Waits for a whole line on its stdout. */
    public void awaitLine(String line, Duration atMost) {
        await().atMost(atMost)
                .failFast(() -> assertThat(alive())
                        .as(() -> "it ended: " + out() + err())
                        .isTrue())
                .until(() -> out().lines().anyMatch(line::equals));
    }

    /** Waits for its end. */
    public int exit(Duration atMost) throws InterruptedException {
        if (!process.waitFor(atMost.toMillis(), TimeUnit.MILLISECONDS)) {
            throw new AssertionError("still running after " + atMost + ": " + out() + err());
        }
        return process.exitValue();
    }

    /** SIGTERM. */
    public int terminate(Duration atMost) throws InterruptedException {
        process.destroy();
        return exit(atMost);
    }

    /** SIGKILL. */
    public void kill() throws InterruptedException {
        process.destroyForcibly();
        exit(Duration.ofSeconds(20));
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }

    private static String read(Path file) {
        try {
            return Files.readString(file, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
