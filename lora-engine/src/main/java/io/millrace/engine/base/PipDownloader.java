package io.millrace.engine.base;

import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Fetches Python packages through pip, so that the person's own pip settings hold. */
public final class PipDownloader {
    static final String INSTEAD =
            "download a Hugging Face directory or a GGUF file yourself and use `millrace base import PATH`";

    private static final Duration PROGRESS_INTERVAL = Duration.ofMillis(250);

    private final String python;
    private final Map<String, String> environment;

    /**
     * @param python the interpreter
     * @param environment variables to set for it beside this process's own
     */
    public PipDownloader(String python, Map<String, String> environment) {
        this.python = python;
        this.environment = Map.copyOf(environment);
    }

    public static PipDownloader standard() {
        return new PipDownloader("python3", Map.of());
    }

    /**
     * Downloads the wheel of one package, without those that it needs.
     *
     * @param directory where pip may write, too
     * @param expectedBytes for progress
     * @throws MillraceException {@code download_failed} with pip's own last words
     */
    Path download(String requirement, Path directory, long expectedBytes, ImportProgress progress) throws IOException {
        Path wheels = Files.createDirectory(directory.resolve("wheels"));
        Path temporary = Files.createDirectory(directory.resolve("tmp"));
        Path log = directory.resolve("pip.log");
        Process process = start(requirement, wheels, temporary, log);
        try {
            while (!process.waitFor(PROGRESS_INTERVAL.toMillis(), TimeUnit.MILLISECONDS)) {
                progress.advanced("download", Math.min(growing(directory), expectedBytes), expectedBytes);
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
            throw failed(requirement, "it was interrupted", e);
        }
        if (process.exitValue() != 0) {
            throw failed(requirement, lastWords(log), null);
        }
        progress.advanced("download", expectedBytes, expectedBytes);
        try (Stream<Path> files = Files.list(wheels)) {
            return files.filter(file -> file.toString().endsWith(".whl"))
                    .findFirst()
                    .orElseThrow(() -> failed(requirement, "it has no wheel", null));
        }
    }

    private Process start(String requirement, Path wheels, Path temporary, Path log) {
        ProcessBuilder pip = new ProcessBuilder(List.of(
                        python,
                        "-m",
                        "pip",
                        "download",
                        "--no-deps",
                        "--no-input",
                        "--quiet",
                        "--disable-pip-version-check",
                        "--only-binary=:all:",
                        "--dest",
                        wheels.toString(),
                        requirement))
                .redirectErrorStream(true)
                .redirectOutput(log.toFile());
        pip.environment().put("TMPDIR", temporary.toString());
        pip.environment().putAll(environment);
        try {
            return pip.start();
        } catch (IOException e) {
            throw failed(requirement, "'" + python + "' can't be run, and it is needed for this", e);
        }
    }

    /** Bytes that are there so far; files come and go meanwhile. */
    private static long growing(Path directory) {
        try {
            return Directories.bytes(directory);
        } catch (UncheckedIOException e) {
            return 0;
        }
    }

    private static String lastWords(Path log) throws IOException {
        List<String> lines = Stream.of(
                        Files.readString(log, StandardCharsets.UTF_8).split("\\R", -1))
                .filter(line -> !line.isBlank())
                .toList();
        return lines.isEmpty() ? "pip failed" : lines.get(lines.size() - 1).strip();
    }

    private static MillraceException failed(String requirement, String why, Throwable cause) {
        return new MillraceException(
                ErrorCode.DOWNLOAD_FAILED, "can't download " + requirement + ": " + why + "; " + INSTEAD, cause);
    }
}
