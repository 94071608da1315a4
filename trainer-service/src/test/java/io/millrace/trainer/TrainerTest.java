package io.millrace.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.millrace.core.AdapterName;
import io.millrace.core.AdapterWeights;
import io.millrace.core.BaseDescription;
import io.millrace.core.ExampleParser;
import io.millrace.core.Manifest;
import io.millrace.core.peft.PeftDirectory;
import io.millrace.embedding.Prototypes;
import io.millrace.engine.base.Base;
import io.millrace.engine.base.BaseStore;
import io.millrace.proto.internal.JournalRecord;
import io.millrace.proto.internal.PlannedRecord;
import io.millrace.proto.internal.SetPaused;
import io.millrace.registry.AdapterEntry;
import io.millrace.registry.VersionEntry;
import io.millrace.trainer.outcome.DeadLetter;
import io.millrace.trainer.proof.History;
import io.millrace.trainer.proof.JournalReader;
import io.millrace.trainer.proof.Proof;
import io.millrace.trainer.proof.Recompute;
import io.millrace.trainer.publish.VersionFiles;
import io.millrace.trainer.train.Archives;
import io.millrace.trainer.train.Examples;
import io.millrace.trainer.train.Train;
import io.millrace.trainer.worker.AdapterStatus;
import io.millrace.trainer.worker.Engine;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/** From examples to versions on a real Kafka, a real S3 and the base nano; one stream over all tests. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class TrainerTest {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final List<String> ADAPTERS = List.of("acme/intents", "acme/commands", "acme/style");

    @TempDir
    static Path directory;

    private static Platform platform;
    private static int produced;

    @BeforeAll
    static void start() {
        platform = new Platform(directory, 2);
    }

    @AfterAll
    static void stop() {
        platform.close();
    }

    private static void produceExamples(int count) {
        for (int i = produced; i < produced + count; i++) {
            for (String adapter : ADAPTERS) {
                platform.produce("{\"adapter\":\"" + adapter + "\",\"id\":\"" + i + "\",\"prompt\":\"say " + i + " for "
                        + adapter + "\",\"completion\":\"" + adapter + " says " + adapter.length() + " of course\"}");
            }
        }
        produced += count;
        platform.flush();
    }

    private static void awaitOutcomes() {
        long records = platform.produced();
        await().atMost(PATIENCE)
                .pollInterval(Duration.ofMillis(200))
                .until(() -> platform.outcomes().size() == records);
    }

    private static VersionEntry latest(String adapter) {
        return platform.registry.view().resolve(AdapterName.parse(adapter), "latest");
    }

    @Test
    @Order(1)
    void everyRecordHasOneOutcomeAndGoodOnesBecomeVersions() {
        // Given a trainer, examples of three adapters, and what can't be trained among them
        try (Trainer trainer = platform.trainer("w1")) {
            await().atMost(PATIENCE).until(trainer::ready);
            produceExamples(100);
            platform.produce("{\"adapter\":\"acme/intents\",\"id\":\"3\",\"prompt\":\"other\",\"completion\":\"x\"}");
            platform.produce("not json");
            platform.produce("{\"adapter\":\"acme/intents\",\"id\":\"long\",\"prompt\":\"p\",\"completion\":\""
                    + "much too long ".repeat(400) + "\"}");
            platform.flush();
            awaitOutcomes();

            // When versions are asked for
            for (String adapter : ADAPTERS) {
                assertThat(trainer.requestCut(AdapterName.parse(adapter)))
                        .succeedsWithin(PATIENCE)
                        .isEqualTo(true);
            }
            assertThat(trainer.requestCut(AdapterName.parse("acme/unknown")))
                    .succeedsWithin(PATIENCE)
                    .isEqualTo(false);
            await().atMost(PATIENCE)
                    .until(() -> platform.registry.view().adapters().stream()
                                    .filter(a -> !a.versions().isEmpty())
                                    .count()
                            == ADAPTERS.size());
            assertThat(trainer.adapters())
                    .extracting(AdapterStatus::adapter)
                    .containsExactlyInAnyOrderElementsOf(ADAPTERS);
        }

        // Then each record has one outcome
        Map<String, Long> kinds = platform.outcomes().values().stream()
                .collect(Collectors.groupingBy(o -> o.get("outcome").asText(), Collectors.counting()));
        assertThat(kinds.get("TRAINED") + kinds.get("HELD_OUT")).isEqualTo(300);
        assertThat(kinds.get("HELD_OUT")).isPositive();
        assertThat(kinds.get("REJECTED")).isEqualTo(3);
        assertThat(platform.deadLetters().stream()
                        .map(r -> new String(
                                r.headers().lastHeader(DeadLetter.CODE).value(), StandardCharsets.UTF_8)))
                .containsExactlyInAnyOrder("id_reused", "malformed_json", "too_long");
        JsonNode trained = platform.outcomes().values().stream()
                .filter(o -> o.get("outcome").asText().equals("TRAINED"))
                .findFirst()
                .orElseThrow();
        assertThat(trained.get("round").asLong()).isPositive();
        assertThat(trained.get("digest").asText()).hasSize(64);
        assertThat(trained.get("loss").asDouble()).isPositive();
    }

    @Test
    @Order(2)
    void aVersionIsAPeftDirectoryThatHasLearnt() {
        try (Base base = new BaseStore(directory.resolve("bases")).open("nano")) {
            BaseDescription description = base.description();
            for (String adapter : ADAPTERS) {
                VersionEntry version = latest(adapter);
                Map<String, byte[]> files = new TreeMap<>();
                version.files().forEach(f -> files.put(f.name(), platform.store.get(f.sha256())));

                AdapterWeights weights = PeftDirectory.read(files, description);
                Manifest manifest = Manifest.parse(files.get(Manifest.FILE));

                assertThat(weights.modules())
                        .hasSize(description.linearModules().size());
                assertThat(manifest.id()).isEqualTo(version.id());
                assertThat(manifest.rounds()).isNotEmpty();
                assertThat(Prototypes.decode(
                                        platform.store.get(version.prototypes().orElseThrow()))
                                .centroids())
                        .hasSizeBetween(1, 32);
                assertThat(platform.registry
                                .view()
                                .adapter(AdapterName.parse(adapter))
                                .flatMap(AdapterEntry::champion))
                        .contains(version.id());
            }
            assertThat(ADAPTERS.stream().map(a -> latest(a).evaluation()).filter(e -> e.heldoutExamples() > 0))
                    .isNotEmpty()
                    .allMatch(e -> e.heldoutLoss() < e.heldoutLossBase() * 0.9);
        }
    }

    @Test
    @Order(3)
    void aRestartMidStreamLosesAndRepeatsNothing() {
        produceExamples(100);
        long before = platform.outcomes().size();
        try (Trainer stoppedMidway = platform.trainer("w1")) {
            await().atMost(PATIENCE).until(() -> platform.outcomes().size() > before + 20);
        }
        try (Trainer next = platform.trainer("w1")) {
            awaitOutcomes();
        }

        assertThat(platform.journal())
                .as("what was computed again came to the same bytes")
                .noneMatch(JournalRecord::hasRoundRebased)
                .noneMatch(JournalRecord::hasRoundAbandoned);
        assertEachExampleTrainedOnce();
    }

    @Test
    @Order(4)
    void twoWorkersShareThePartitionsAndOneTakesOverFromTheOther() {
        try (Trainer first = platform.trainer("w1")) {
            await().atMost(PATIENCE).until(first::ready);
            try (Trainer second = platform.trainer("w2")) {
                await().atMost(PATIENCE)
                        .until(() ->
                                first.ready() && second.ready() && partitions(first) == 1 && partitions(second) == 1);
                produceExamples(40);
                awaitOutcomes();
            }
            produceExamples(40);
            awaitOutcomes();
        }

        assertEachExampleTrainedOnce();
    }

    @Test
    @Order(5)
    void aRoundThatCantBeComputedIsGivenUpAndStopsNoOther() {
        for (int i = 0; i < 8; i++) {
            producePoison("acme/not-finite", PoisonedModel.NON_FINITE, i);
            producePoison("acme/failing", PoisonedModel.BROKEN, i);
        }
        platform.produce("{\"adapter\":\"acme/intents\",\"id\":\"beside\",\"prompt\":\"p\",\"completion\":\"c\"}");
        platform.flush();
        try (Trainer trainer = platform.trainer("w1")) {
            awaitOutcomes();
            assertThat(trainer.ready()).isTrue();
        }

        assertThat(codes("acme/not-finite")).isNotEmpty().containsOnly("training_failed");
        assertThat(codes("acme/failing")).isNotEmpty().containsOnly("training_failed");
        assertThat(platform.deadLetters())
                .filteredOn(
                        r -> new String(r.headers().lastHeader(DeadLetter.CODE).value(), StandardCharsets.UTF_8)
                                .equals("training_failed"))
                .hasSameSizeAs(codes("acme/not-finite", "acme/failing"))
                .allMatch(r -> r.headers().lastHeader(DeadLetter.OFFSET) != null);
        assertThat(platform.journal().stream()
                        .filter(r -> r.hasRoundRetried() && r.getAdapter().equals("acme/failing"))
                        .count())
                .isGreaterThanOrEqualTo(3);
        assertThat(platform.journal().stream()
                        .filter(r -> r.hasRoundRetried() && r.getAdapter().equals("acme/not-finite")))
                .as("it would come out the same again")
                .isEmpty();
        assertThat(platform.outcomes().values().stream()
                        .filter(o -> o.path("id").asText().equals("beside"))
                        .map(o -> o.get("outcome").asText()))
                .hasSize(1)
                .doesNotContain("REJECTED");
    }

    private static void producePoison(String adapter, double weight, int i) {
        platform.produce("{\"adapter\":\"" + adapter + "\",\"weight\":" + weight + ",\"prompt\":\"p" + i
                + "\",\"completion\":\"c\"}");
    }

    /** Of what wasn't held out. */
    private static List<String> codes(String... adapters) {
        return platform.outcomes().values().stream()
                .filter(o -> List.of(adapters).contains(o.path("adapter").asText()))
                .filter(o -> !o.get("outcome").asText().equals("HELD_OUT"))
                .map(o -> o.path("code").asText())
                .toList();
    }

    @Test
    @Order(6)
    void aPausedAdapterWaitsUntilItIsResumed() {
        platform.submit(
                "pause",
                r -> r.setSetPaused(
                        SetPaused.newBuilder().setAdapter("acme/style").setPaused(true)));
        long before = platform.outcomes().size();
        produceExamples(10);
        try (Trainer trainer = platform.trainer("w1")) {
            await().atMost(PATIENCE).until(() -> platform.outcomes().size() == before + 20);
            assertThat(trainer.adapters())
                    .filteredOn(a -> a.adapter().equals("acme/style"))
                    .extracting(AdapterStatus::state)
                    .containsExactly("paused");

            platform.submit(
                    "resume",
                    r -> r.setSetPaused(
                            SetPaused.newBuilder().setAdapter("acme/style").setPaused(false)));
            awaitOutcomes();
        }
    }

    @Test
    @Order(7)
    void everyVersionComesOutOfTheJournalAgain() {
        try (Engine engine = platform.engines().open()) {
            Examples examples = new Examples(new ExampleParser(1 << 20)::parse, engine.encoder());
            Recompute recompute = new Recompute(
                    engine.model(),
                    platform.store,
                    new Train(examples, new Archives(platform.store)),
                    new VersionFiles(platform.store, engine.base()));
            Map<AdapterName, History> histories = new JournalReader(platform.kafka).all();
            for (String adapter : ADAPTERS) {
                AdapterName name = AdapterName.parse(adapter);
                Proof proof = recompute.fromGenesis(histories.get(name), (done, of) -> {}, () -> false);

                assertThat(proof.exact()).as("%s", proof).isTrue();
                assertThat(proof.versions())
                        .extracting(Proof.VersionProof::computed)
                        .containsExactlyElementsOf(
                                platform.registry.view().adapter(name).orElseThrow().versions().stream()
                                        .map(VersionEntry::id)
                                        .toList());
                assertThat(new JournalReader(platform.kafka).of(name)).contains(histories.get(name));
            }
        }
    }

    private static long partitions(Trainer trainer) {
        return trainer.partitions().size();
    }

    /** By the journal: whatever is planned fresh and committed. */
    private static void assertEachExampleTrainedOnce() {
        Map<String, List<PlannedRecord>> pending = new TreeMap<>();
        List<String> trained = new ArrayList<>();
        for (JournalRecord record : platform.journal()) {
            if (record.hasRoundPlanned()) {
                pending.put(record.getAdapter(), record.getRoundPlanned().getRecordsList());
            } else if (record.hasRoundCommitted()) {
                pending.get(record.getAdapter()).stream()
                        .filter(r -> r.getDisposition() != PlannedRecord.Disposition.REJECTED)
                        .forEach(r -> trained.add(record.getAdapter() + " " + r.getExampleId()));
            }
        }
        assertThat(trained).doesNotHaveDuplicates().hasSize(ADAPTERS.size() * produced);
    }
}
