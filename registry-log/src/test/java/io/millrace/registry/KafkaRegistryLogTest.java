package io.millrace.registry;

import static io.millrace.registry.Commands.id;
import static io.millrace.registry.Commands.move;
import static io.millrace.registry.Commands.publish;
import static io.millrace.registry.Commands.version;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.millrace.core.AdapterName;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.embedded.EmbeddedKafka;
import io.millrace.topics.KafkaSettings;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(90)
class KafkaRegistryLogTest {
    private static final AdapterName A = AdapterName.parse("acme/support");

    @TempDir
    static Path directory;

    private static EmbeddedKafka kafka;

    private final MemorySnapshotStore snapshots = new MemorySnapshotStore();

    @BeforeAll
    static void start() {
        kafka = EmbeddedKafka.startOnFreePorts(directory.resolve("kafka"));
    }

    @AfterAll
    static void stop() {
        kafka.close();
    }

    @Test
    void aSubmittedCommandIsInTheViewWhenItsOutcomeIsKnown() throws Exception {
        try (KafkaRegistryLog log = ready(settings("submit."))) {
            List<Long> told = new CopyOnWriteArrayList<>();
            AutoCloseable listening = log.onChange(view -> told.add(view.offset()));

            CommandOutcome first = submit(log, publish("1", version("acme/support", "one")));
            CommandOutcome again = submit(log, publish("1", version("acme/support", "one")));
            CommandOutcome refused =
                    submit(log, move("2", "acme/support", "champion", id("one").hex(), ""));
            listening.close();

            assertThat(first.error()).isEmpty();
            assertThat(again).isEqualTo(first);
            assertThat(refused.error()).contains(ErrorCode.ALIAS_MOVED);
            assertThat(log.view().resolve(A, "main").id()).isEqualTo(id("one"));
            assertThat(log.await(refused.offset(), Duration.ZERO).offset()).isEqualTo(1);
            assertThat(told).containsExactly(0L);
            assertThatThrownBy(() -> log.await(99, Duration.ofMillis(50)))
                    .isInstanceOfSatisfying(
                            MillraceException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.TIMED_OUT));
        }
    }

    @Test
    void twoNodesAgreeAndOnlyOneMoverWins() throws Exception {
        KafkaSettings settings = settings("two.");
        try (KafkaRegistryLog one = ready(settings);
                KafkaRegistryLog two = ready(settings)) {
            submit(one, publish("p1", version("acme/support", "one")));
            long published =
                    submit(one, publish("p2", version("acme/support", "two"))).offset();
            two.await(published, Duration.ofSeconds(10));

            // When both move the same alias from the same state, many times
            List<CompletableFuture<CommandOutcome>> moves = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                KafkaRegistryLog node = i % 2 == 0 ? one : two;
                moves.add(node.submit(move(
                        "m" + i,
                        "acme/support",
                        "champion",
                        id("two").hex(),
                        id("one").hex())));
            }
            List<CommandOutcome> outcomes =
                    moves.stream().map(CompletableFuture::join).toList();

            // Then one of them moved it, and both nodes say the same
            assertThat(outcomes.stream().filter(o -> o.error().isEmpty())).hasSize(1);
            long last =
                    outcomes.stream().mapToLong(CommandOutcome::offset).max().orElseThrow();
            one.await(last, Duration.ofSeconds(10));
            two.await(last, Duration.ofSeconds(10));
            assertThat(SnapshotCodec.write(two.view())).isEqualTo(SnapshotCodec.write(one.view()));
        }
    }

    @Test
    void aRestartGoesOnFromItsSnapshot() throws Exception {
        KafkaSettings settings = settings("restart.");
        try (KafkaRegistryLog log = ready(settings)) {
            for (int i = 0; i < 12; i++) {
                submit(log, publish("p" + i, version("acme/support", "v" + i)));
            }
            await().until(() -> !snapshots.content().isEmpty());
        }
        assertThat(snapshots.content().keySet())
                .hasSizeLessThanOrEqualTo(3)
                .last()
                .asString()
                .endsWith("0011");

        try (KafkaRegistryLog again = ready(settings);
                KafkaRegistryLog replayed = new KafkaRegistryLog(settings, SnapshotStore.none(), 1000).start()) {
            await().until(replayed::ready);

            assertThat(SnapshotCodec.write(again.view())).isEqualTo(SnapshotCodec.write(replayed.view()));
            assertThat(submit(again, publish("p3", version("acme/support", "v3")))
                            .offset())
                    .isEqualTo(3);
        }
    }

    @Test
    void aLogShorterThanItsSnapshotIsRefused() throws Exception {
        KafkaSettings settings = settings("short.");
        try (KafkaRegistryLog log = ready(settings)) {
            submit(log, publish("p", version("acme/support", "one")));
        }
        String name = snapshots.content().keySet().iterator().next();
        RegistryState ahead = RegistryState.empty();
        for (int i = 0; i < 5; i++) {
            ahead = ahead.apply(i, Fold.timeOf(i), publish("x" + i, version("acme/support", "x" + i)));
        }
        Snapshots.LogIdentity identity = LogReader.identify(settings);
        new Snapshots(snapshots, identity).write(ahead);
        assertThat(snapshots.content()).hasSizeGreaterThan(1).containsKey(name);

        try (KafkaRegistryLog log = new KafkaRegistryLog(settings, snapshots, 5).start()) {
            await().until(() -> log.status() instanceof LogStatus.Refused);

            assertThat(log.status().detail()).contains("ends at offset 0").contains("restore the topic");
            assertThat(log.ready()).isFalse();
            assertThatThrownBy(() -> log.submit(publish("q", version("acme/support", "two")))
                            .join())
                    .hasCauseInstanceOf(MillraceException.class);
        }
    }

    @Test
    void aTopicCreatedAnewIsRefused() throws Exception {
        KafkaSettings settings = settings("anew.");
        try (KafkaRegistryLog log = ready(settings)) {
            submit(log, publish("p", version("acme/support", "one")));
        }
        try (Admin admin = Admin.create(settings.clientProperties())) {
            admin.deleteTopics(List.of("anew.registry")).all().get();
            await().until(() -> !admin.listTopics().names().get().contains("anew.registry"));
        }

        try (KafkaRegistryLog log = new KafkaRegistryLog(settings, snapshots, 5).start()) {
            await().until(() -> log.status() instanceof LogStatus.Refused);

            assertThat(log.status().detail()).contains("deleted and created again");
        }
    }

    @Test
    void rubbishInTheLogStopsNothingAndANewerRecordMakesItNotReady() throws Exception {
        KafkaSettings settings = settings("rubbish.");
        try (KafkaRegistryLog log = ready(settings)) {
            send(settings, new byte[] {(byte) 0xff, 1, 2});
            send(settings, new byte[0]);
            CommandOutcome outcome = submit(log, publish("p", version("acme/support", "one")));
            assertThat(outcome.offset()).isEqualTo(2);

            send(
                    settings,
                    publish("n", version("acme/support", "two")).toBuilder()
                            .setFoldVersion(99)
                            .build()
                            .toByteArray());
            await().until(() -> log.status() instanceof LogStatus.Outdated);

            assertThat(log.ready()).isFalse();
            assertThat(log.view().resolve(A, "latest").id()).isEqualTo(id("one"));
            assertThatThrownBy(() -> log.submit(publish("q", version("acme/support", "three")))
                            .join())
                    .isInstanceOf(CompletionException.class)
                    .hasMessageContaining("newer Millrace");
        }
    }

    @Test
    void startsWithoutKafkaAndSurvivesItsRestart() throws Exception {
        // Given a log that was started before its Kafka
        int port = freePort();
        KafkaSettings settings = new KafkaSettings(
                "127.0.0.1:" + port,
                "late.",
                1,
                Map.of("default.api.timeout.ms", "2000", "request.timeout.ms", "1500"));
        try (KafkaRegistryLog log = new KafkaRegistryLog(settings, snapshots, 5).start()) {
            await().until(() -> log.status().detail().contains("can't be reached"));
            assertThatThrownBy(() -> log.submit(publish("p", version("acme/support", "one")))
                            .join())
                    .hasMessageContaining("can't be reached");

            // When Kafka comes, goes and comes again
            Path data = directory.resolve("late");
            try (EmbeddedKafka late = EmbeddedKafka.start(data, port, freePort())) {
                await().atMost(Duration.ofSeconds(30)).until(log::ready);
                assertThat(submit(log, publish("p1", version("acme/support", "one")))
                                .error())
                        .isEmpty();
                assertThat(late.port()).isEqualTo(port);
            }
            await().atMost(Duration.ofSeconds(30)).until(() -> log.status() instanceof LogStatus.Disconnected);
            assertThat(log.ready()).isTrue();
            assertThat(log.view().resolve(A, "main").id()).isEqualTo(id("one"));
            CompletableFuture<CommandOutcome> duringOutage = log.submit(publish("p2", version("acme/support", "two")));
            try (EmbeddedKafka late = EmbeddedKafka.start(data, port, freePort())) {
                // Then what was sent meanwhile arrives, and reads went on
                assertThat(duringOutage.get(30, TimeUnit.SECONDS).error()).isEmpty();
                assertThat(log.view().resolve(A, "v2").id()).isEqualTo(id("two"));
                await().atMost(Duration.ofSeconds(20)).until(() -> log.status() instanceof LogStatus.Following);
                assertThat(late.port()).isEqualTo(port);
            }
        }
    }

    private KafkaRegistryLog ready(KafkaSettings settings) {
        KafkaRegistryLog log = new KafkaRegistryLog(settings, snapshots, 5).start();
        await().atMost(Duration.ofSeconds(30)).until(log::ready);
        return log;
    }

    private static CommandOutcome submit(KafkaRegistryLog log, io.millrace.proto.internal.RegistryRecord command)
            throws Exception {
        return log.submit(command).get(30, TimeUnit.SECONDS);
    }

    private static void send(KafkaSettings settings, byte[] value) throws Exception {
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(
                settings.clientProperties(), new ByteArraySerializer(), new ByteArraySerializer())) {
            producer.send(new ProducerRecord<>(settings.topics().registry(), value))
                    .get();
        }
    }

    private static KafkaSettings settings(String prefix) {
        return new KafkaSettings(kafka.bootstrapServers(), prefix, 1, Map.of());
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }
}
