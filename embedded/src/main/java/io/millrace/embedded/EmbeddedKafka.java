package io.millrace.embedded;

import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.metadata.storage.Formatter;
import org.apache.kafka.server.common.MetadataVersion;

/**
 * One Kafka broker and controller inside this JVM, listening on the loopback address, keeping its state in a directory.
 * It is Apache Kafka itself: what works against it works against a cluster.
 */
public final class EmbeddedKafka implements AutoCloseable {
    private static final int NODE_ID = 1;
    private static final String META_PROPERTIES = "meta.properties";

    private final KafkaRaftServer server;
    private final FolderLock lock;
    private final int port;
    private final String clusterId;

    private EmbeddedKafka(KafkaRaftServer server, FolderLock lock, int port, String clusterId) {
        this.server = server;
        this.lock = lock;
        this.port = port;
        this.clusterId = clusterId;
    }

    /** As {@link #start(Path, int, int, Map)} with the settings a single broker needs. */
    public static EmbeddedKafka start(Path directory, int port, int controllerPort) {
        return start(directory, port, controllerPort, Map.of());
    }

    /** On two free ports: for tests. */
    public static EmbeddedKafka startOnFreePorts(Path directory) {
        int[] ports = Ports.twoFree();
        return start(directory, ports[0], ports[1]);
    }

    /**
     * Starts the broker and returns once it accepts connections.
     *
     * @param directory where topics are kept; made when missing. The cluster id stays with it
     * @param port for clients
     * @param controllerPort for the broker's own controller
     * @param overrides broker settings on top of {@link #settings}
     * @throws MillraceException {@code port_taken}, or {@code kafka_unavailable} where the broker doesn't start or
     *     another uses the folder
     */
    public static EmbeddedKafka start(Path directory, int port, int controllerPort, Map<String, String> overrides) {
        Ports.requireFree(port, "the embedded Kafka");
        Ports.requireFree(controllerPort, "the embedded Kafka's controller");
        Map<String, String> settings = settings(directory, port, controllerPort);
        settings.putAll(overrides);
        FolderLock lock;
        try {
            lock = FolderLock.take(directory);
        } catch (IOException e) {
            throw notStarted(directory, e);
        }
        try {
            String clusterId = clusterId(directory);
            format(directory, clusterId);
            KafkaRaftServer server = new KafkaRaftServer(new KafkaConfig(settings, false), Time.SYSTEM);
            server.startup();
            return new EmbeddedKafka(server, lock, port, clusterId);
        } catch (MillraceException e) {
            lock.close();
            throw e;
        } catch (Exception e) { // Kafka's Scala code throws checked exceptions without declaring them
            lock.close();
            throw notStarted(directory, e);
        }
    }

    private static MillraceException notStarted(Path directory, Exception e) {
        return new MillraceException(
                ErrorCode.KAFKA_UNAVAILABLE,
                "the embedded Kafka in " + directory + " doesn't start: " + e.getMessage()
                        + "; see that the folder can be written and that the disk isn't full",
                e);
    }

    /** What a broker alone on its machine, in a JVM with other work to do, is set to. */
    private static Map<String, String> settings(Path directory, int port, int controllerPort) {
        Map<String, String> s = new HashMap<>();
        s.put("process.roles", "broker,controller");
        s.put("node.id", String.valueOf(NODE_ID));
        s.put("controller.quorum.voters", NODE_ID + "@" + Ports.LOOPBACK + ":" + controllerPort);
        s.put(
                "listeners",
                "PLAINTEXT://" + Ports.LOOPBACK + ":" + port + ",CONTROLLER://" + Ports.LOOPBACK + ":"
                        + controllerPort);
        s.put("advertised.listeners", "PLAINTEXT://" + Ports.LOOPBACK + ":" + port);
        s.put("controller.listener.names", "CONTROLLER");
        s.put("listener.security.protocol.map", "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT");
        s.put("inter.broker.listener.name", "PLAINTEXT");
        s.put("log.dirs", directory.toString());

        // One broker: nothing has a second replica.
        s.put("default.replication.factor", "1");
        s.put("offsets.topic.replication.factor", "1");
        s.put("offsets.topic.num.partitions", "4");
        s.put("transaction.state.log.replication.factor", "1");
        s.put("transaction.state.log.min.isr", "1");
        s.put("transaction.state.log.num.partitions", "4");
        s.put("share.coordinator.state.topic.replication.factor", "1");
        s.put("share.coordinator.state.topic.min.isr", "1");
        s.put("share.coordinator.state.topic.num.partitions", "1");

        // Topics are created by those who know their settings. A dead letter (the largest example with its headers)
        // stays far below the limit of a record; each topic has its own, smaller one.
        s.put("auto.create.topics.enable", "false");
        s.put("message.max.bytes", String.valueOf(8 << 20));
        s.put("replica.fetch.max.bytes", String.valueOf(8 << 20));

        // Back at once after kill -9, and positions survive a system that was down for months.
        s.put("broker.session.timeout.ms", "2000");
        s.put("broker.heartbeat.interval.ms", "500");
        s.put("group.initial.rebalance.delay.ms", "0");
        s.put("transaction.abort.timed.out.transaction.cleanup.interval.ms", "1000");
        s.put("offsets.retention.minutes", String.valueOf(Integer.MAX_VALUE));

        // Little memory, few threads.
        s.put("num.network.threads", "2");
        s.put("num.io.threads", "4");
        s.put("background.threads", "2");
        s.put("num.recovery.threads.per.data.dir", "1");
        s.put("log.cleaner.threads", "1");
        s.put("log.cleaner.dedupe.buffer.size", String.valueOf(4 << 20));
        s.put("log.index.size.max.bytes", String.valueOf(2 << 20));
        return s;
    }

    private static String clusterId(Path directory) throws IOException {
        Path file = directory.resolve(META_PROPERTIES);
        if (!Files.exists(file)) {
            return Uuid.randomUuid().toString();
        }
        Properties properties = new Properties();
        try (Reader reader = Files.newBufferedReader(file)) {
            properties.load(reader);
        }
        String id = properties.getProperty("cluster.id");
        if (id == null) {
            throw new MillraceException(
                    ErrorCode.KAFKA_UNAVAILABLE,
                    file + " names no cluster.id: the folder is damaged; restore it or start with an empty one");
        }
        return id;
    }

    private static void format(Path directory, String clusterId) throws Exception {
        try (PrintStream nowhere = new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8)) {
            new Formatter()
                    .setClusterId(clusterId)
                    .setNodeId(NODE_ID)
                    .setReleaseVersion(MetadataVersion.latestProduction())
                    .setControllerListenerName("CONTROLLER")
                    .setMetadataLogDirectory(directory.toString())
                    .addDirectory(directory.toString())
                    .setIgnoreFormatted(true)
                    .setUnstableFeatureVersionsEnabled(false)
                    .setPrintStream(nowhere)
                    .run();
        }
    }

    /** {@code host:port} for clients. */
    public String bootstrapServers() {
        return Ports.LOOPBACK + ":" + port;
    }

    public int port() {
        return port;
    }

    /** Stays the same as long as the directory does. */
    public String clusterId() {
        return clusterId;
    }

    /** Stops the broker cleanly: the next start needs no recovery. */
    @Override
    public void close() {
        server.shutdown();
        server.awaitShutdown();
        lock.close();
    }
}
