package io.millrace.trainer.curate;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.core.AdapterName;
import io.millrace.core.ExampleParser;
import io.millrace.proto.internal.CuratedExample;
import io.millrace.topics.Topics;
import io.millrace.trainer.outcome.DeadLetter;
import io.millrace.trainer.outcome.RefusedRecords;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.TestInputTopic;
import org.apache.kafka.streams.TestOutputTopic;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.test.TestRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class CurateTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int MAX_BYTES = 2_000;
    private static final Duration WINDOW = Duration.ofHours(24);

    @TempDir
    Path state;

    /** Which record each dead letter is about, by the letter's name. */
    private final Map<String, String> letters = new HashMap<>();

    private TopologyTestDriver driver;
    private TestInputTopic<byte[], byte[]> examples;
    private TestOutputTopic<String, byte[]> curated;
    private TestOutputTopic<String, byte[]> outcomes;
    private TestOutputTopic<byte[], byte[]> deadLetters;
    private Instant now = Instant.parse("2026-01-01T00:00:00Z");

    @BeforeEach
    void start() {
        start(adapter -> true);
    }

    private void start(Predicate<AdapterName> known) {
        Topics topics = new Topics("t.");
        Parse parse = new Parse(new ExampleParser(MAX_BYTES)::parse, known, AssignHeldOut.ONE_IN_FIFTY);
        Properties properties = new Properties();
        properties.put(StreamsConfig.STATE_DIR_CONFIG, state.toString());
        properties.put(StreamsConfig.APPLICATION_ID_CONFIG, "t.curator");
        properties.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, "127.0.0.1:9");
        driver = new TopologyTestDriver(new Curate(topics, 4, parse, WINDOW, Letters::new).topology(), properties);
        examples = driver.createInputTopic(topics.examples(), new ByteArraySerializer(), new ByteArraySerializer());
        curated = driver.createOutputTopic(topics.curated(), new StringDeserializer(), new ByteArrayDeserializer());
        outcomes = driver.createOutputTopic(topics.outcomes(), new StringDeserializer(), new ByteArrayDeserializer());
        deadLetters = driver.createOutputTopic(
                topics.deadLetters(), new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    @AfterEach
    void stop() {
        driver.close();
    }

    private void send(String key, byte[] value) {
        examples.pipeInput(key == null ? null : key.getBytes(StandardCharsets.UTF_8), value, now);
    }

    private void send(String value) {
        send("k", value.getBytes(StandardCharsets.UTF_8));
    }

    /** As {@code dlq replay} does. */
    private void replay(String letter, String value) {
        TestRecord<byte[], byte[]> record = new TestRecord<>(null, value.getBytes(StandardCharsets.UTF_8), now);
        record.headers().add(DeadLetter.REPLAYED_FROM, letter.getBytes(StandardCharsets.UTF_8));
        examples.pipeInput(record);
    }

    private final class Letters implements RefusedRecords {
        @Override
        public Optional<String> ofLetter(String letter) {
            return Optional.ofNullable(letters.get(letter));
        }

        @Override
        public void close() {}
    }

    private static JsonNode json(byte[] bytes) {
        try {
            return JSON.readTree(bytes);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void anExampleGoesOnUnderItsAdaptersName() throws Exception {
        String record =
                "{\"adapter\":\"acme/support\",\"id\":\"e1\",\"prompt\":\"Hi\",\"completion\":\"Hello\",\"x\":7}";

        send(record);

        TestRecord<String, byte[]> out = curated.readRecord();
        CuratedExample example = CuratedExample.parseFrom(out.value());
        assertThat(out.key()).isEqualTo("acme/support");
        assertThat(example.getExampleId()).isEqualTo("e1");
        assertThat(example.getRecord().toStringUtf8())
                .as("unknown fields are kept")
                .isEqualTo(record);
        assertThat(example.getSource().getTopic()).isEqualTo("t.examples");
        assertThat(example.getSource().getKey().toStringUtf8()).isEqualTo("k");
        assertThat(outcomes.isEmpty()).as("its outcome comes with its round").isTrue();
        assertThat(deadLetters.isEmpty()).isTrue();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    malformed_json      | {"adapter": "a/b", "prompt": "x
                    malformed_json      | [1, 2]
                    malformed_json      | not json
                    missing_adapter     | {"prompt": "x", "completion": "y"}
                    bad_adapter_name    | {"adapter": "no-slash", "prompt": "x", "completion": "y"}
                    bad_adapter_name    | {"adapter": "a/b.v3", "prompt": "x", "completion": "y"}
                    no_content          | {"adapter": "a/b", "id": "i1"}
                    bad_role_order      | {"adapter": "a/b", "messages": [{"role": "user", "content": "x"}]}
                    """)
    void aRecordThatIsNoExampleBecomesADeadLetterWithItsCode(String code, String record) {
        send(record);

        TestRecord<byte[], byte[]> letter = deadLetters.readRecord();
        assertThat(new String(letter.value(), StandardCharsets.UTF_8)).isEqualTo(record);
        assertThat(new String(letter.key(), StandardCharsets.UTF_8)).isEqualTo("k");
        Map<String, String> headers = headers(letter);
        assertThat(headers)
                .containsEntry("millrace.error.code", code)
                .containsEntry("millrace.source.topic", "t.examples")
                .containsEntry("millrace.source.partition", "0")
                .containsEntry("millrace.source.offset", "0");
        assertThat(headers.get("millrace.error.message")).isNotBlank();
        JsonNode outcome = json(outcomes.readValue());
        assertThat(outcome.get("outcome").asText()).isEqualTo("REJECTED");
        assertThat(outcome.get("code").asText()).isEqualTo(code);
        assertThat(outcome.get("source").get("offset").asLong()).isZero();
        assertThat(curated.isEmpty()).isTrue();
    }

    private static Map<String, String> headers(TestRecord<byte[], byte[]> record) {
        return StreamSupport.stream(record.headers().spliterator(), false)
                .collect(Collectors.toMap(h -> h.key(), h -> new String(h.value(), StandardCharsets.UTF_8)));
    }

    @Test
    void bytesOfAnyKindStopNothing() {
        send(null, null);
        send(null, new byte[0]);
        send("k", new byte[] {(byte) 0xff, (byte) 0xfe, 0, 1});
        send("k", new byte[MAX_BYTES + 1]);
        send("{\"adapter\":\"a/b\",\"prompt\":\"x\",\"completion\":\"y\"}");

        assertThat(deadLetters.readRecordsToList().stream().map(CurateTest::headers))
                .extracting(h -> h.get("millrace.error.code"))
                .containsExactly("malformed_json", "malformed_json", "malformed_json", "record_too_large");
        assertThat(curated.readKeyValuesToList()).hasSize(1);
        assertThat(outcomes.readValuesToList()).hasSize(4);
    }

    @ParameterizedTest
    @MethodSource
    void whatAnOutcomeCantRepeatStopsNothing(String record) {
        send(record);
        send("{\"adapter\":\"a/b\",\"prompt\":\"x\",\"completion\":\"y\"}");

        assertThat(new String(deadLetters.readRecord().value(), StandardCharsets.UTF_8))
                .isEqualTo(record);
        TestRecord<String, byte[]> outcome = outcomes.readRecord();
        assertThat(outcome.key()).isEqualTo("t.examples/0/0");
        assertThat(json(outcome.value()).get("outcome").asText()).isEqualTo("REJECTED");
        assertThat(curated.readKeyValuesToList()).hasSize(1);
    }

    static Stream<String> whatAnOutcomeCantRepeatStopsNothing() {
        return Stream.of(
                "{\"adapter\":\"a/b\",\"id\":\"\\ud800\",\"prompt\":\"x\",\"completion\":\"y\"}",
                "{\"adapter\":\"a/\\udfff\",\"prompt\":\"x\",\"completion\":\"y\"}",
                "{\"adapter\":\"a/b\",\"id\":\"" + "i".repeat(MAX_BYTES - 60) + "\",\"text\":\"t\"}",
                "{\"adapter\":\"" + "n".repeat(MAX_BYTES - 60) + "\",\"text\":\"t\"}",
                "[".repeat(MAX_BYTES - 60),
                "{\"adapter\":\"a/b\",\"text\":\"\\ud800\"}");
    }

    @Test
    void aDeadLetterKeepsTheProducersHeaders() {
        TestRecord<byte[], byte[]> record = new TestRecord<>("k".getBytes(StandardCharsets.UTF_8), new byte[] {1}, now);
        record.headers().add("trace", "t1".getBytes(StandardCharsets.UTF_8));

        examples.pipeInput(record);

        assertThat(headers(deadLetters.readRecord()))
                .containsEntry("trace", "t1")
                .containsKey("millrace.error.code");
    }

    @Test
    void theSameIdWithTheSameContentIsADuplicate() {
        String record = "{\"adapter\":\"a/b\",\"id\":\"i\",\"prompt\":\"x\",\"completion\":\"y\"}";
        send(record);
        send("another key", record.getBytes(StandardCharsets.UTF_8));

        assertThat(curated.readValuesToList()).hasSize(1);
        JsonNode outcome = json(outcomes.readValue());
        assertThat(outcome.get("outcome").asText()).isEqualTo("DUPLICATE");
        assertThat(outcome.get("id").asText()).isEqualTo("i");
        assertThat(outcome.get("adapter").asText()).isEqualTo("a/b");
        assertThat(outcome.get("source").get("offset").asLong()).isEqualTo(1);
        assertThat(deadLetters.isEmpty()).isTrue();
    }

    @Test
    void anIdIsGivenByTheContentWhereTheProducerGivesNone() {
        send("{\"adapter\":\"a/b\",\"prompt\":\"x\",\"completion\":\"y\"}");
        send("{ \"completion\": \"y\", \"prompt\": \"x\", \"adapter\": \"a/b\" }");
        send("{\"adapter\":\"a/c\",\"prompt\":\"x\",\"completion\":\"y\"}");

        assertThat(curated.readKeyValuesToList()).extracting(kv -> kv.key).containsExactly("a/b", "a/c");
        assertThat(json(outcomes.readValue()).get("outcome").asText()).isEqualTo("DUPLICATE");
    }

    @Test
    void anIdWithAnotherContentIsRefusedButAnotherAdapterMayUseIt() {
        send("{\"adapter\":\"a/b\",\"id\":\"i\",\"prompt\":\"x\",\"completion\":\"y\"}");
        send("{\"adapter\":\"a/b\",\"id\":\"i\",\"prompt\":\"x\",\"completion\":\"z\"}");
        send("{\"adapter\":\"a/c\",\"id\":\"i\",\"prompt\":\"x\",\"completion\":\"z\"}");

        assertThat(curated.readKeyValuesToList()).extracting(kv -> kv.key).containsExactly("a/b", "a/c");
        TestRecord<byte[], byte[]> letter = deadLetters.readRecord();
        assertThat(headers(letter))
                .containsEntry("millrace.error.code", "id_reused")
                .containsEntry("millrace.source.offset", "1");
        assertThat(new String(letter.value(), StandardCharsets.UTF_8)).contains("\"z\"");
        assertThat(json(outcomes.readValue()).get("code").asText()).isEqualTo("id_reused");
    }

    @Test
    void whatWasRefusedAfterItWasAcceptedIsAcceptedOnceMoreForEachDeadLetter() throws Exception {
        String record = "{\"adapter\":\"a/b\",\"id\":\"i\",\"prompt\":\"x\",\"completion\":\"y\"}";
        // Given an example whose round was given up
        send(record);
        letters.put("3:17", "t.examples/0/0");

        // When it is sent again, and again
        replay("3:17", record);
        replay("3:17", record);

        // Then it is accepted once more
        List<byte[]> accepted = curated.readValuesToList();
        assertThat(accepted).hasSize(2);
        assertThat(CuratedExample.parseFrom(accepted.get(1)).getSource().getOffset())
                .isEqualTo(1);
        assertThat(json(outcomes.readValue()).get("outcome").asText()).isEqualTo("DUPLICATE");

        // And where that round was given up too, it may be sent for the new dead letter, even if the clock was set back
        letters.put("3:18", "t.examples/0/1");
        now = now.minus(Duration.ofHours(1));
        replay("3:18", record);
        replay("3:17", record);
        replay("3:18", record);
        assertThat(curated.readValuesToList()).hasSize(1);
        assertThat(outcomes.readValuesToList())
                .hasSize(2)
                .allMatch(o -> json(o).get("outcome").asText().equals("DUPLICATE"));
        assertThat(deadLetters.isEmpty()).isTrue();
    }

    @Test
    void noWordOfAProducersMakesAnExampleComeTwice() {
        String record = "{\"adapter\":\"a/b\",\"id\":\"i\",\"prompt\":\"x\",\"completion\":\"y\"}";
        send("{\"adapter\":\"a/b\",\"id\":\"other\",\"prompt\":\"x\",\"completion\":\"other\"}");
        send(record);
        letters.put("0:0", "t.examples/0/0");

        replay("0:0", record);
        replay("0:1", record);
        replay("t.examples/0/1", record);
        replay("0:0", "{\"adapter\":\"a/b\",\"id\":\"other\",\"prompt\":\"x\",\"completion\":\"mended\"}");

        assertThat(curated.readValuesToList()).hasSize(2);
        assertThat(outcomes.readValuesToList())
                .extracting(o -> json(o).get("outcome").asText())
                .containsExactly("DUPLICATE", "DUPLICATE", "DUPLICATE", "REJECTED");
        assertThat(headers(deadLetters.readRecord())).containsEntry("millrace.error.code", "id_reused");
    }

    @Test
    void anIdIsForgottenAfterTheWindow() {
        String record = "{\"adapter\":\"a/b\",\"id\":\"i\",\"prompt\":\"x\",\"completion\":\"y\"}";
        send(record);
        now = now.plus(WINDOW).minusSeconds(1);
        send(record);
        now = now.plus(WINDOW).plusSeconds(2);
        send(record);

        assertThat(curated.readValuesToList()).hasSize(2);
        assertThat(outcomes.readValuesToList()).hasSize(1);
    }

    @Test
    void oneInFiftyIsHeldOutAndNeverASecondTimeOnTheOtherSide() {
        for (int i = 0; i < 2_000; i++) {
            send("{\"adapter\":\"a/b\",\"prompt\":\"question " + i % 1_000 + "\",\"completion\":\"" + i + "\"}");
        }

        List<CuratedExample> all =
                curated.readValuesToList().stream().map(CurateTest::example).toList();
        assertThat(all).hasSize(2_000);
        Set<String> heldOut = prompts(all, true);
        Set<String> trained = prompts(all, false);
        assertThat(heldOut).hasSizeBetween(8, 40).doesNotContainAnyElementsOf(trained);
        Set<String> both = new HashSet<>(heldOut);
        both.addAll(trained);
        assertThat(both).hasSize(1_000);
    }

    private static Set<String> prompts(List<CuratedExample> examples, boolean heldOut) {
        return examples.stream()
                .filter(e -> e.getHeldOut() == heldOut)
                .map(e -> json(e.getRecord().toByteArray()).get("prompt").asText())
                .collect(Collectors.toSet());
    }

    private static CuratedExample example(byte[] bytes) {
        return Optional.of(bytes)
                .map(b -> {
                    try {
                        return CuratedExample.parseFrom(b);
                    } catch (IOException e) {
                        throw new AssertionError(e);
                    }
                })
                .get();
    }

    @Test
    void anUnknownAdapterIsRefusedWhereCreationOnFirstUseIsOff() {
        driver.close();
        start(adapter -> adapter.name().equals("known"));

        send("{\"adapter\":\"a/known\",\"prompt\":\"x\",\"completion\":\"y\"}");
        send("{\"adapter\":\"a/other\",\"prompt\":\"x\",\"completion\":\"y\"}");

        assertThat(curated.readKeyValuesToList()).extracting(kv -> kv.key).containsExactly("a/known");
        assertThat(json(outcomes.readValue()).get("code").asText()).isEqualTo("unknown_adapter");
    }
}
