package io.millrace.topics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.embedded.EmbeddedKafka;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class TopicBootstrapTest {
    @TempDir
    static Path directory;

    private static EmbeddedKafka kafka;

    @BeforeAll
    static void start() {
        kafka = EmbeddedKafka.startOnFreePorts(directory.resolve("kafka"));
    }

    @AfterAll
    static void stop() {
        kafka.close();
    }

    @Test
    void createsWhatIsMissingAndFindsItAsItMustBe() throws Exception {
        KafkaSettings settings = settings("created.", 3);

        TopicBootstrap.ensure(settings, settings.specs());
        TopicBootstrap again = new TopicBootstrap(settings);
        again.ensure(settings.specs());

        assertThat(again.status()).isEqualTo(new TopicBootstrap.Status.Ready());
        try (Admin admin = Admin.create(settings.clientProperties())) {
            assertThat(admin.listTopics().names().get()).contains("created.examples.dlq", "created.registry");
        }
    }

    @Test
    void refusesATopicOfAnotherPartitionCount() throws Exception {
        TopicBootstrap.ensure(settings("count.", 2), settings("count.", 2).specs());

        assertThatThrownBy(() -> TopicBootstrap.ensure(
                        settings("count.", 4), settings("count.", 4).specs()))
                .isInstanceOfSatisfying(
                        MillraceException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INCOMPATIBLE_TOPIC))
                .hasMessageContaining("topic count.examples has 2 partitions, not 4")
                .hasMessageContaining("millrace.kafka.partitions");
    }

    @Test
    void refusesATopicOfOtherSettingsNamingEach() throws Exception {
        KafkaSettings settings = settings("other.", 1);
        try (Admin admin = Admin.create(settings.clientProperties())) {
            admin.createTopics(List.of(new NewTopic("other.registry", 1, (short) 1)
                            .configs(Map.of(
                                    "cleanup.policy", "compact",
                                    "retention.ms", "60000",
                                    "max.message.bytes", "1000000"))))
                    .all()
                    .get();
        }

        TopicBootstrap bootstrap = new TopicBootstrap(settings);

        assertThatThrownBy(() -> bootstrap.ensure(List.of(settings.topics().registrySpec())))
                .hasMessageContaining("other.registry has cleanup.policy=compact, not delete")
                .hasMessageContaining("retention.ms=60000, not -1")
                .hasMessageContaining("message.timestamp.type=CreateTime, not LogAppendTime")
                .hasMessageContaining("max.message.bytes=1000000")
                .hasMessageContaining("topic-prefix");
        assertThat(bootstrap.status()).isInstanceOf(TopicBootstrap.Status.Refused.class);
    }

    @Test
    void waitsForKafkaAndSaysSo() throws Exception {
        // Given nothing that listens where Kafka should be
        int port = freePort();
        KafkaSettings settings = impatient(port);
        TopicBootstrap bootstrap = new TopicBootstrap(settings);
        CompletableFuture<Void> done = CompletableFuture.runAsync(() -> ensure(bootstrap, settings));
        await().atMost(Duration.ofSeconds(20))
                .until(() -> bootstrap.status() instanceof TopicBootstrap.Status.Waiting w
                        && w.detail().contains("can't be reached"));

        // When Kafka comes up there
        try (EmbeddedKafka late = EmbeddedKafka.start(directory.resolve("late"), port, freePort())) {
            done.get(40, TimeUnit.SECONDS);

            // Then the topics are there
            assertThat(bootstrap.status()).isEqualTo(new TopicBootstrap.Status.Ready());
            assertThat(late.port()).isEqualTo(port);
        }
    }

    @Test
    void waitingEndsWithItsThread() throws Exception {
        KafkaSettings settings = impatient(freePort());
        TopicBootstrap bootstrap = new TopicBootstrap(settings);
        ExecutorService thread = Executors.newSingleThreadExecutor();
        Future<Boolean> interrupted = thread.submit(() -> {
            try {
                bootstrap.ensure(settings.specs());
                return false;
            } catch (InterruptedException e) {
                return true;
            }
        });
        await().until(() -> bootstrap.status() instanceof TopicBootstrap.Status.Waiting);

        thread.shutdownNow();

        assertThat(interrupted.get(20, TimeUnit.SECONDS)).isTrue();
    }

    private static void ensure(TopicBootstrap bootstrap, KafkaSettings settings) {
        try {
            bootstrap.ensure(settings.specs());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private static KafkaSettings settings(String prefix, int partitions) {
        return new KafkaSettings(kafka.bootstrapServers(), prefix, partitions, Map.of());
    }

    private static KafkaSettings impatient(int port) {
        return new KafkaSettings(
                "127.0.0.1:" + port,
                "millrace.",
                2,
                Map.of("default.api.timeout.ms", "1500", "request.timeout.ms", "1000"));
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }
}
