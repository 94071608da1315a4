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
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A system of a benchmark's own: {@code millrace up --base nano} of this same program in a process beside it. */
final class OwnSystem implements AutoCloseable {
    private static final String READY = "READY ";

    private final Process process;
    private final Path directory;
    private final String url;

    private OwnSystem(Process process, Path directory, String url) {
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
    static OwnSystem start(Optional<Path> application) {
        try {
            Path directory = Files.createTempDirectory("millrace-bench-");
            int[] ports = freePorts(3);
            List<String> command = new ArrayList<>();
            command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
            ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                    .filter(a -> a.startsWith("-D") || a.startsWith("-X"))
                    .forEach(command::add);
            command.addAll(
                    List.of("-jar", application.orElseGet(OwnSystem::ownJar).toString()));
            command.addAll(List.of("up", "--base", "nano", "--data-dir", directory.toString()));
            command.addAll(List.of("--port", "" + ports[0], "--kafka-port", "" + ports[1], "--s3-port", "" + ports[2]));
            Process process = new ProcessBuilder(command)
                    .redirectError(directory.resolve("stderr.log").toFile())
                    .start();
            return new OwnSystem(process, directory, ready(process, directory));
        } catch (IOException e) {
            throw new MillraceException(
                    ErrorCode.NOT_READY,
                    "no system of its own can be started (" + e.getMessage() + "); name a running one with --server",
                    e);
        }
    }

    String url() {
        return url;
    }

    private static String ready(Process process, Path directory) throws IOException {
        BufferedReader out =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        for (String line = out.readLine(); line != null; line = out.readLine()) {
            if (line.startsWith(READY)) {
                return line.substring(READY.length()).strip();
            }
        }
        throw new MillraceException(
                ErrorCode.NOT_READY,
                "the system that was started ended before it served; see " + directory.resolve("stderr.log")
                        + ", or name a running one with --server");
    }

    private static Path ownJar() {
        String classPath = System.getProperty("java.class.path");
        if (!classPath.endsWith(".jar") || classPath.contains(System.getProperty("path.separator"))) {
            throw new MillraceException(
                    ErrorCode.NOT_READY, "this isn't the packaged program; name a running system with --server");
        }
        return Path.of(classPath).toAbsolutePath();
    }

    private static int[] freePorts(int count) throws IOException {
        List<ServerSocket> sockets = new ArrayList<>();
        try {
            int[] ports = new int[count];
            for (int i = 0; i < count; i++) {
                sockets.add(new ServerSocket(0, 1, InetAddress.getLoopbackAddress()));
                ports[i] = sockets.get(i).getLocalPort();
            }
            return ports;
        } finally {
            for (ServerSocket socket : sockets) {
                socket.close();
            }
        }
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(30, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
