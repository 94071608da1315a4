package io.millrace.trainer.observe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.proto.internal.Evaluation;
import io.millrace.proto.internal.JournalRecord;
import io.millrace.proto.internal.Promotion;
import io.millrace.proto.internal.PublishVersion;
import io.millrace.proto.internal.RegistryRecord;
import io.millrace.proto.internal.RoundAbandoned;
import io.millrace.proto.internal.RoundCommitted;
import io.millrace.proto.internal.VersionCut;
import io.millrace.topics.Topics;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.TestInputTopic;
import org.apache.kafka.streams.TestOutputTopic;
import org.apache.kafka.streams.TopologyTestDriver;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ObserveTest {
    private static final Instant NOON = Instant.parse("2026-01-01T12:00:00Z");
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Topics topics = new Topics("t.");
    private TopologyTestDriver driver;
    private TestInputTopic<String, byte[]> feedback;
    private TestInputTopic<String, byte[]> journal;

    @BeforeEach
    void start(@TempDir Path directory) {
        Properties properties = new Properties();
        properties.putAll(Map.of(
                StreamsConfig.APPLICATION_ID_CONFIG, "observe",
                StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, "unused:1",
                StreamsConfig.STATE_DIR_CONFIG, directory.toString()));
        driver = new TopologyTestDriver(new Observe(topics, 4).topology(), properties, NOON);
        feedback = driver.createInputTopic(
                topics.feedback(), new StringSerializer(), new ByteArraySerializer(), NOON, Duration.ZERO);
        journal = driver.createInputTopic(
                topics.journal(), new StringSerializer(), new ByteArraySerializer(), NOON, Duration.ZERO);
    }

    @AfterEach
    void stop() {
        driver.close();
    }

    private void scored(String decision, String fields) {
        feedback.pipeInput(
                decision, ("{\"decision_id\":\"" + decision + "\"," + fields + "}").getBytes(StandardCharsets.UTF_8));
    }

    private Map<String, byte[]> latest(String topic) {
        TestOutputTopic<String, byte[]> output =
                driver.createOutputTopic(topic, new StringDeserializer(), new ByteArrayDeserializer());
        return output.readKeyValuesToMap();
    }

    private static JsonNode json(byte[] bytes) throws IOException {
        return JSON.readTree(bytes);
    }

    @Test
    void scoresAreSummedByVersionAndByAdapter() throws IOException {
        String both = "\"adapters\":[{\"name\":\"a/b\",\"version\":\"v1\",\"weight\":0.3},"
                + "{\"name\":\"a/c\",\"version\":\"v2\",\"weight\":-0.7}]";
        scored("d1", "\"score\":1," + both);
        scored("d2", "\"score\":0," + both);
        scored("d3", "\"score\":0.5,\"adapters\":[{\"name\":\"a/c\",\"version\":\"v3\",\"weight\":1}]");

        Map<String, byte[]> rewards = latest(topics.rewards());

        assertThat(rewards).containsOnlyKeys("a/c@v2", "a/c@v3", "a/c");
        assertThat(json(rewards.get("a/c@v2")).path("mean").asDouble()).isEqualTo(0.5);
        assertThat(json(rewards.get("a/c")).path("scores").asInt()).isEqualTo(3);
        assertThat(JsonSerde.read(rewards.get("a/c@v2"), Reward.class).variance())
                .isEqualTo(0.25);
    }

    @Test
    void aDecisionCountsWithItsLastScoreAndWhatIsNoScoreNotAtAll() throws IOException {
        String one = "\"adapters\":[{\"name\":\"a/b\",\"version\":\"v1\",\"weight\":1}]";
        scored("d1", "\"score\":1," + one);
        scored("d1", "\"score\":0.25," + one);
        scored("d2", "\"preferred\":\"better\"," + one);
        scored("d3", "\"score\":1,\"adapters\":[]");
        feedback.pipeInput("d4", "no json".getBytes(StandardCharsets.UTF_8));

        Map<String, byte[]> rewards = latest(topics.rewards());

        assertThat(rewards).containsOnlyKeys("a/b@v1", "a/b");
        assertThat(json(rewards.get("a/b@v1")).path("scores").asInt()).isEqualTo(1);
        assertThat(json(rewards.get("a/b@v1")).path("mean").asDouble()).isEqualTo(0.25);
    }

    @Test
    void healthSumsUpAnAdaptersMinute() throws IOException {
        journal.pipeInput("a/b", record(round(1.0, 3.0)), NOON);
        journal.pipeInput("a/b", record(round(2.0)), NOON.plusSeconds(20));
        journal.pipeInput("a/b", cut(false), NOON.plusSeconds(40));
        journal.pipeInput(
                "a/b",
                record(JournalRecord.newBuilder().setRoundAbandoned(RoundAbandoned.getDefaultInstance())),
                NOON.plusSeconds(50));

        JsonNode health = json(latest(topics.health()).get("a/b"));

        assertThat(health.path("adapter").asText()).isEqualTo("a/b");
        assertThat(health.path("window_start").asText()).isEqualTo("2026-01-01T12:00:00Z");
        assertThat(health.path("rounds").asInt()).isEqualTo(2);
        assertThat(health.path("abandoned").asInt()).isEqualTo(1);
        assertThat(health.path("examples").asInt()).isEqualTo(3);
        assertThat(health.path("loss").asDouble()).isEqualTo(2);
        assertThat(health.path("gradient_norm").asDouble()).isEqualTo(7);
        assertThat(health.path("tokens_per_second").asDouble()).isEqualTo(50);
        assertThat(health.path("examples_per_second").asDouble()).isEqualTo(0.75);
        assertThat(health.path("perplexity").asDouble()).isEqualTo(Math.E, within(1e-9));
        assertThat(health.path("refused").asInt()).isEqualTo(1);
        assertThat(health.path("promoted").asInt()).isZero();
    }

    @Test
    void theNextMinuteStartsAnew() throws IOException {
        journal.pipeInput("a/b", record(round(1.0)), NOON);
        journal.pipeInput("a/b", record(round(5.0)), NOON.plusSeconds(61));

        JsonNode health = json(latest(topics.health()).get("a/b"));

        assertThat(health.path("window_start").asText()).isEqualTo("2026-01-01T12:01:00Z");
        assertThat(health.path("loss").asDouble()).isEqualTo(5);
        assertThat(health.path("rounds").asInt()).isEqualTo(1);
    }

    private static JournalRecord.Builder round(Double... losses) {
        return JournalRecord.newBuilder()
                .setRoundCommitted(RoundCommitted.newBuilder()
                        .addAllLosses(List.of(losses))
                        .addGradNorms(7)
                        .setTokens(100)
                        .setTrainMillis(2_000));
    }

    private static byte[] cut(boolean promote) {
        return record(JournalRecord.newBuilder()
                .setVersionCut(VersionCut.newBuilder()
                        .setCommand(RegistryRecord.newBuilder()
                                .setPublishVersion(PublishVersion.newBuilder()
                                        .setEvaluation(Evaluation.newBuilder()
                                                .setHeldoutExamples(40)
                                                .setHeldoutLoss(1))
                                        .setPromotion(Promotion.newBuilder().setPromote(promote))))));
    }

    private static byte[] record(JournalRecord.Builder record) {
        return record.setAdapter("a/b").build().toByteArray();
    }
}
