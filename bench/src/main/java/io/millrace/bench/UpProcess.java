package io.millrace.bench;

import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;

/** {@code millrace up} of this same program in a process beside it. */
public final class UpProcess implements AutoCloseable {
    private static final String READY = "READY ";
    private static final Duration STOP_AT_MOST = Duration.ofSeconds(60);

    private final Process process;
    private final Path stderr;
    private final CompletableFuture<String> ready = new CompletableFuture<>();

    /** Loopback ports that a system listens on; the same ones over restarts. */
    public record Listening(int http, int kafka, int s3) {

        /** Three that nothing listens on at this moment. */
        public static Listening onFreePorts() {
            try (ServerSocket http = free();
                    ServerSocket kafka = free();
                    ServerSocket s3 = free()) {
                return new Listening(http.getLocalPort(), kafka.getLocalPort(), s3.getLocalPort());
            } catch (IOException e) {
                throw new UncheckedIOException("no free port on the loopback address", e);
            }
        }

        private static ServerSocket free() throws IOException {
            return new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        }
    }

    private UpProcess(Process process, Path stderr) {
        this.process = process;
        this.stderr = stderr;
    }

    /**
     * Starts it and returns at once.
     *
     * @param application what {@code java -jar} starts; absent: what this process was started from
     * @param stderr file that its error output is appended to
     * @param further arguments of {@code up}
     * @param environment on top of this process's own
     * @throws MillraceException {@code not_ready} where it can't be started
     */
    public static UpProcess start(
            Optional<Path> application,
            Path dataDir,
            Listening ports,
            Path stderr,
            List<String> further,
            Map<String, String> environment) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(a -> a.startsWith("-D") || a.startsWith("-X") || a.startsWith("--add-modules="))
                .forEach(command::add);
        command.addAll(List.of("-jar", application.orElseGet(UpProcess::ownJar).toString()));
        command.addAll(List.of("up", "--data-dir", dataDir.toString()));
        command.addAll(List.of("--port", "" + ports.http(), "--kafka-port", "" + ports.kafka()));
        command.addAll(List.of("--s3-port", "" + ports.s3()));
        command.addAll(further);
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.appendTo(stderr.toFile()));
        builder.environment().putAll(environment);
        try {
            UpProcess up = new UpProcess(builder.start(), stderr);
            Thread reader = new Thread(up::read, "up-stdout");
            reader.setDaemon(true);
            reader.start();
            return up;
        } catch (IOException e) {
            throw new MillraceException(
                    ErrorCode.NOT_READY,
                    "no system of its own can be started (" + e.getMessage() + "); name a running one with --server",
                    e);
        }
    }

    private void read() {
        try (BufferedReader out =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line = out.readLine(); line != null; line = out.readLine()) {
                if (line.startsWith(READY)) {
                    ready.complete(line.substring(READY.length()).strip());
                }
            }
        } catch (IOException e) {
            ready.completeExceptionally(e);
        }
        ready.completeExceptionally(new MillraceException(
                ErrorCode.NOT_READY, "the system that was started ended before it served; see " + stderr));
    }

    /**
     * Where it serves, once it does.
     *
     * @throws MillraceException {@code not_ready} where it ends before, {@code timed_out}
     */
    public String awaitReady(Duration atMost) throws InterruptedException {
        try {
            return ready.get(atMost.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof MillraceException m
                    ? m
                    : new MillraceException(ErrorCode.NOT_READY, e.getCause().toString(), e);
        } catch (TimeoutException e) {
            throw new MillraceException(
                    ErrorCode.TIMED_OUT,
                    "the system that was started doesn't serve after " + atMost.toSeconds() + " s; see " + stderr,
                    e);
        }
    }

    public boolean ready() {
        return ready.isDone() && !ready.isCompletedExceptionally();
    }

    public boolean alive() {
        return process.isAlive();
    }

    /** Waits for its end. @return whether it came in time */
    public boolean awaitEnd(Duration atMost) throws InterruptedException {
        return process.waitFor(atMost.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** SIGKILL, and returns when it is gone. */
    public void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    /** SIGTERM; what doesn't end by it within a minute is killed. */
    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(STOP_AT_MOST.toSeconds(), TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }

    /** A folder with all that is in it. */
    public static void deleteFolder(Path directory) {
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path ownJar() {
        String classPath = System.getProperty("java.class.path");
        if (!classPath.endsWith(".jar") || classPath.contains(System.getProperty("path.separator"))) {
            throw new MillraceException(
                    ErrorCode.NOT_READY, "this isn't the packaged program; start it with ./millrace");
        }
        return Path.of(classPath).toAbsolutePath();
    }
}
