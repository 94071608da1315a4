package io.millrace.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.millrace.core.AdapterName;
import io.millrace.proto.internal.JournalRecord;
import io.millrace.registry.VersionEntry;
import io.millrace.trainer.job.JobStatus;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/** Examples are forgotten beside live training, on a real Kafka, a real S3 and the base nano. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class ForgetTest {
    private static final AdapterName ADAPTER = AdapterName.parse("acme/forgetful");
    private static final String SECRET = "a secret that nobody may keep";

    @TempDir
    static Path directory;

    private static LiveAdapter live;

    @BeforeAll
    static void start() {
        live = new LiveAdapter(directory, ADAPTER);
    }

    @AfterAll
    static void stop() {
        live.close();
    }

    private static void produce(String id, String prompt) {
        live.produce("{\"adapter\":\"" + ADAPTER + "\",\"id\":\"" + id + "\",\"prompt\":\"" + prompt
                + "\",\"completion\":\"of course\"}");
    }

    private static void produce(String ids, int count) {
        for (int i = 0; i < count; i++) {
            produce(ids + i, "say " + ids + i);
        }
    }

    private static void assertNotProvable(JobStatus submitted) {
        JobStatus ended = live.ended(submitted);
        assertThat(ended.error().orElseThrow().code()).as("%s", ended).isEqualTo("forgotten");
        assertThat(ended.error().orElseThrow().message()).contains("forgotten examples: not provable");
    }

    /** Where the secret still stands. */
    private static List<String> places() {
        return new Places(live.platform(), SECRET).all();
    }

    @Test
    @Order(1)
    void theTextsAreErasedEverywhereAndNothingElseIs() {
        // Given an example in the first version, one that was refused, and others after them
        produce("a", 20);
        produce("secret", SECRET);
        live.produce("{\"adapter\":\"" + ADAPTER + "\",\"id\":\"bad-secret\",\"prompt\":\"" + SECRET + "\"}");
        live.produce("{\"adapter\":\"" + ADAPTER + "\",\"id\":\"bad\",\"prompt\":\"only a question\"}");
        produce("b", 20);
        VersionEntry first = live.cut();
        produce("c", 40);
        VersionEntry second = live.cut();
        assertThat(places()).hasSizeGreaterThanOrEqualTo(3);

        // When they are forgotten, with one that was never sent
        JsonNode forgotten =
                live.result(live.trainer().forget(ADAPTER, Set.of("secret", "bad-secret", "never"), false));

        // Then their text is nowhere, once the covered records have gone as ever
        await().atMost(LiveAdapter.PATIENCE)
                .untilAsserted(() -> assertThat(places()).isEmpty());
        assertThat(forgotten.path("archives").asInt()).isPositive();
        assertThat(forgotten.path("not_found"))
                .extracting(JsonNode::asText)
                .containsExactlyInAnyOrder("bad-secret", "never");
        // And the other dead letter is still there
        assertThat(live.platform().deadLetters())
                .extracting(letter -> new String(letter.value(), StandardCharsets.UTF_8))
                .anyMatch(text -> text.contains("only a question"));
        // And it says what was lost
        assertThat(forgotten.path("trained_on"))
                .extracting(JsonNode::asText)
                .containsExactly(first.id().hex(), second.id().hex());
        assertThat(forgotten.path("unprovable"))
                .extracting(version -> version.path("version").asText())
                .containsExactly(first.id().hex(), second.id().hex());
        assertThat(forgotten.path("unprovable").path(0).path("own_rounds").asBoolean())
                .isTrue();
        assertThat(forgotten.path("left")).isNotEmpty();
    }

    @Test
    @Order(2)
    void versionsThatSawThemAreNotProvableAndSaySo() {
        assertNotProvable(live.trainer().verify(ADAPTER, "v1", false));
        assertNotProvable(live.trainer().verify(ADAPTER, "v1", true));
        assertNotProvable(live.trainer().verify(ADAPTER, "v2", true));
    }

    @Test
    @Order(3)
    void trainingGoesOnAndLaterVersionsAreProvable() {
        produce("d", 40);
        live.cut();

        live.assertExact(live.trainer().verify(ADAPTER, "latest", false));
        assertNotProvable(live.trainer().verify(ADAPTER, "latest", true));
        List<JournalRecord> events = live.platform().journal().stream()
                .filter(JournalRecord::hasExamplesForgotten)
                .toList();
        assertThat(events).hasSize(1);
        assertThat(live.platform().journal().stream()
                        .skip(live.platform().journal().indexOf(events.get(0)))
                        .flatMap(record -> record.getRoundPlanned().getReplayedList().stream()))
                .isNotEmpty()
                .noneMatch(ref -> ref.getExampleId().equals("secret"));
    }

    @Test
    @Order(4)
    void theirIdsAreRefusedAndTheTextIsNotKeptAgain() {
        // Given that one comes which the curator never saw
        produce("never", SECRET);
        produce("e", 5);
        live.settle();

        // Then it is refused, and its dead letter has no text
        assertThat(live.platform().outcomes().values())
                .filteredOn(outcome -> outcome.path("id").asText().equals("never"))
                .extracting(outcome -> outcome.path("code").asText())
                .containsExactly("forgotten");
        List<ConsumerRecord<byte[], byte[]>> letters = live.platform().deadLetters().stream()
                .filter(letter -> new String(
                                letter.headers()
                                        .lastHeader("millrace.error.code")
                                        .value(),
                                StandardCharsets.UTF_8)
                        .equals("forgotten"))
                .toList();
        assertThat(letters).hasSize(1);
        assertThat(letters.get(0).value()).isNull();

        // And forgetting again clears what its producer sent
        JsonNode again = live.result(live.trainer().forget(ADAPTER, Set.of("never"), false));
        assertThat(again.path("topics")).isNotEmpty();
        await().atMost(LiveAdapter.PATIENCE)
                .untilAsserted(() -> assertThat(places()).isEmpty());
    }

    @Test
    @Order(5)
    void aWorkerThatStartsAnewGoesOn() {
        live.restart();
        produce("f", 20);
        live.cut();

        live.assertExact(live.trainer().verify(ADAPTER, "latest", false));
    }

    @Test
    @Order(6)
    void whatIsRebuiltNeverSawThemAndIsProvableFromGenesis() {
        JsonNode rebuilt = live.result(live.trainer().rebuild(ADAPTER, Optional.empty(), Set.of(), Map.of(), true));
        live.awaitVersion(rebuilt.path("version").asText());
        produce("g", 20);
        live.cut();

        live.assertExact(live.trainer().verify(ADAPTER, "latest", true));
        assertThat(places()).isEmpty();
    }

    @Test
    @Order(7)
    void aCorrectionGoesWithTheDecisionAndTheFeedbackItCameFrom() {
        String decisions = live.platform().kafka.topics().decisions();
        String feedback = live.platform().kafka.topics().feedback();
        live.platform().produce(decisions, "d0", "{\"decision_id\":\"d0\",\"prompt\":{\"prompt\":\"another\"}}");
        live.platform().produce(decisions, "d1", "{\"decision_id\":\"d1\",\"prompt\":{\"prompt\":\"" + SECRET + "\"}}");
        live.platform().produce(decisions, "d2", "{\"decision_id\":\"d2\",\"prompt\":{\"prompt\":\"a third\"}}");
        live.platform()
                .produce(feedback, "d1", "{\"decision_id\":\"d1\",\"preferred\":\"" + SECRET + "\",\"adapters\":[]}");
        produce("feedback:d1", SECRET);
        live.cut();
        assertThat(places()).hasSizeGreaterThanOrEqualTo(4);

        live.result(live.trainer().forget(ADAPTER, Set.of("feedback:d1"), false));

        await().atMost(LiveAdapter.PATIENCE)
                .untilAsserted(() -> assertThat(places()).isEmpty());
        assertThat(live.platform().read(decisions))
                .extracting(decision -> new String(decision.key(), StandardCharsets.UTF_8))
                .containsExactly("d0", "d2");
    }
}
