package io.millrace.standalone.cli;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.JsonNode;
import com.sun.management.OperatingSystemMXBean;
import io.millrace.core.MillraceException;
import io.millrace.embedded.Ports;
import io.millrace.engine.torch.TorchRuntime;
import io.millrace.standalone.client.ServerClient;
import io.millrace.standalone.client.SystemInfo;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "doctor",
        description = "Looks at what Millrace needs of this machine, and at the system that runs, if one does.",
        mixinStandardHelpOptions = true)
final class DoctorCommand implements Callable<Integer> {
    private static final double GIB = 1 << 30;
    private static final double NEEDED_MEMORY_GIB = 2.0;
    private static final double NEEDED_DISK_GIB = 2.0;
    private static final int CONNECT_MILLIS = 2_000;

    @Mixin
    private Out out;

    @Mixin
    private ServerOptions server;

    @Option(names = "--data-dir", defaultValue = "data", paramLabel = "D", description = "Default: ${DEFAULT-VALUE}")
    private Path dataDir;

    @Option(names = "--device", defaultValue = "auto", description = "auto, cpu or cuda:N. Default: ${DEFAULT-VALUE}")
    private String device;

    @Option(names = "--port", defaultValue = "8080", description = "Default: ${DEFAULT-VALUE}")
    private int port;

    @Option(names = "--kafka-port", defaultValue = "9092", description = "Default: ${DEFAULT-VALUE}")
    private int kafkaPort;

    @Option(names = "--s3-port", defaultValue = "9000", description = "Default: ${DEFAULT-VALUE}")
    private int s3Port;

    /** One thing looked at, with what was found, or what to do. */
    record Check(
            @JsonProperty("name") String name,
            @JsonProperty("ok") boolean ok,
            @JsonProperty("detail") String detail) {
        static Check ok(String name, String detail) {
            return new Check(name, true, detail);
        }

        static Check bad(String name, String detail) {
            return new Check(name, false, detail);
        }
    }

    @Override
    public Integer call() {
        List<Check> checks = new ArrayList<>();
        checks.add(jdk());
        checks.addAll(libtorch());
        checks.add(memory());
        checks.add(disk());
        checks.addAll(system());
        checks.addAll(diskUse());
        for (Check check : checks) {
            out.line(String.format(
                    Locale.ROOT, "%-16s %-5s %s", check.name(), check.ok() ? "ok" : "FIX", check.detail()));
        }
        out.result(checks);
        return checks.stream().allMatch(Check::ok) ? 0 : MillraceCommandLine.FAILED;
    }

    private static Check jdk() {
        int feature = Runtime.version().feature();
        String found = Runtime.version() + " in " + System.getProperty("java.home");
        return feature >= 17
                ? Check.ok("JDK", found)
                : Check.bad("JDK", found + ": install 17 or newer, or set JAVA_HOME");
    }

    /** Its fingerprint names version, device and instruction set. */
    private List<Check> libtorch() {
        try {
            TorchRuntime runtime = TorchRuntime.start(device, 0);
            String[] parts = runtime.fingerprint().split("/", 3);
            return List.of(
                    Check.ok("libtorch", parts[0]),
                    Check.ok("device", parts[1] + ", " + runtime.threads() + " threads"),
                    Check.ok("instruction set", parts[2]));
        } catch (MillraceException e) {
            return List.of(Check.bad("libtorch", e.getMessage()));
        }
    }

    private static Check memory() {
        OperatingSystemMXBean machine = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        double total = machine.getTotalMemorySize() / GIB;
        String found = String.format(Locale.ROOT, "%.1f GiB", total);
        return total >= NEEDED_MEMORY_GIB
                ? Check.ok("memory", found)
                : Check.bad("memory", found + ": SmolLM2 needs " + NEEDED_MEMORY_GIB + " GiB");
    }

    private Check disk() {
        Path at = dataDir.toAbsolutePath();
        while (!Files.exists(at)) {
            at = at.getParent();
        }
        try {
            double free = Files.getFileStore(at).getUsableSpace() / GIB;
            String found = String.format(Locale.ROOT, "%.1f GiB free for %s", free, dataDir.toAbsolutePath());
            if (!Files.isWritable(at)) {
                return Check.bad("disk", at + " can't be written: choose another --data-dir");
            }
            return free >= NEEDED_DISK_GIB
                    ? Check.ok("disk", found)
                    : Check.bad("disk", found + ": free " + NEEDED_DISK_GIB + " GiB or choose another --data-dir");
        } catch (IOException e) {
            return Check.bad("disk", at + " can't be looked at: " + e.getMessage());
        }
    }

    /** Nothing where the folder isn't one of an embedded system. */
    private List<Check> diskUse() {
        ServerClient client = server.client();
        try {
            Optional<JsonNode> status = client.isUp("/q/health/live")
                    ? Optional.of(client.get("/api/v1/trainer/status"))
                    : Optional.empty();
            if (!Files.isDirectory(dataDir)) {
                return List.of();
            }
            long free = Files.getFileStore(dataDir).getUsableSpace();
            return new DiskUse(dataDir, free, Instant.now(), status).checks();
        } catch (IOException | MillraceException e) {
            return List.of(Check.bad("objects on disk", "can't be looked at: " + e.getMessage()));
        }
    }

    /** A system that runs is asked; where none does, the ports it would take must be free. */
    private List<Check> system() {
        ServerClient client = server.client();
        if (!client.isUp("/q/health/live")) {
            return List.of(
                    port("port " + port, port, "--port"),
                    port("port " + kafkaPort, kafkaPort, "--kafka-port"),
                    port("port " + s3Port, s3Port, "--s3-port"),
                    Check.ok("system", "none runs at " + client.url() + "; 'millrace up' starts one"));
        }
        List<Check> checks = new ArrayList<>();
        checks.add(
                client.isUp("/q/health/ready")
                        ? Check.ok("system", "ready at " + client.url())
                        : Check.bad("system", "not ready: see " + client.url() + "/q/health/ready"));
        try {
            SystemInfo info = SystemInfo.of(client);
            checks.add(reachable("Kafka", "tcp://" + info.kafka().split(",", 2)[0]));
            checks.add(reachable("object store", info.store()));
        } catch (MillraceException e) {
            checks.add(Check.bad("Kafka", e.getMessage()));
        }
        return checks;
    }

    private static Check port(String name, int port, String option) {
        try {
            Ports.requireFree(port, "millrace up");
            return Check.ok(name, "free");
        } catch (MillraceException e) {
            return Check.bad(name, "taken: stop what listens there, or start with another " + option);
        }
    }

    private static Check reachable(String name, String address) {
        URI uri = URI.create(address);
        int port = uri.getPort() >= 0 ? uri.getPort() : uri.getScheme().equals("https") ? 443 : 80;
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(uri.getHost(), port), CONNECT_MILLIS);
            return Check.ok(name, "reachable at " + uri.getHost() + ":" + port);
        } catch (IOException e) {
            return Check.bad(
                    name,
                    "not reachable at " + uri.getHost() + ":" + port + " (" + e.getMessage()
                            + "): start it, or correct its address");
        }
    }
}
