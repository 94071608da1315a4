package io.millrace.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.millrace.core.AdapterName;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.core.VersionId;
import io.millrace.proto.internal.JournalRecord;
import io.millrace.proto.internal.PutAdapter;
import io.millrace.registry.VersionEntry;
import io.millrace.trainer.job.JobStatus;
import io.millrace.trainer.proof.JournalReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/** Of two workers, the one that doesn't train an adapter is asked for what only the other can do. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class OtherDoorTest {
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final AdapterName ADAPTER = AdapterName.parse("acme/elsewhere");
    private static final String SECRET = "a secret told at another door";

    @TempDir
    static Path directory;

    private static Platform platform;
    private static Trainer owner;
    private static Trainer door;

    @BeforeAll
    static void start() {
        platform = new Platform(directory, 2);
        Trainer first = platform.trainer("w1");
        Trainer second = platform.trainer("w2");
        await().atMost(PATIENCE)
                .until(() ->
                        first.partitions().size() == 1 && second.partitions().size() == 1);
        for (int i = 0; i < 50; i++) {
            produce("e" + i, i == 7 ? SECRET : "say " + i);
        }
        settle();
        boolean firsts = first.adapters().stream().anyMatch(a -> a.adapter().equals(ADAPTER.toString()));
        owner = firsts ? first : second;
        door = firsts ? second : first;
        assertThat(owner.requestCut(ADAPTER)).succeedsWithin(PATIENCE).isEqualTo(true);
        await().atMost(PATIENCE)
                .until(() -> platform.registry.view().latest(ADAPTER).isPresent());
    }

    @AfterAll
    static void stop() {
        owner.close();
        door.close();
        platform.close();
    }

    private static void produce(String id, String prompt) {
        produce(id, prompt, 1);
    }

    private static void produce(String id, String prompt, double weight) {
        platform.produce("{\"adapter\":\"" + ADAPTER + "\",\"id\":\"" + id + "\",\"weight\":" + weight
                + ",\"prompt\":\"" + prompt + "\",\"completion\":\"of course\"}");
    }

    private static void settle() {
        platform.flush();
        long records = platform.produced();
        await().atMost(PATIENCE).until(() -> platform.outcomes().size() == records);
    }

    /** As it is told at the door where it was asked for. */
    private static JobStatus ended(JobStatus asked) {
        await().atMost(PATIENCE)
                .until(() ->
                        door.jobDesk().get(asked.id()).filter(JobStatus::ended).isPresent());
        return door.jobDesk().get(asked.id()).orElseThrow();
    }

    private static JsonNode result(JobStatus asked) {
        JobStatus ended = ended(asked);
        assertThat(ended.state()).as("%s", ended).isEqualTo(JobStatus.State.DONE);
        return ended.result().orElseThrow();
    }

    @Test
    @Order(1)
    void whatIsToBeForgottenIsForgottenWhereItIsTrained() {
        JobStatus asked = door.forget(ADAPTER, Set.of("e7"), false);
        assertThat(asked.ended()).isFalse();

        JsonNode forgotten = result(asked);

        assertThat(forgotten.path("archives").asInt()).isPositive();
        assertThat(platform.journal())
                .filteredOn(JournalRecord::hasExamplesForgotten)
                .hasSize(1);
        await().atMost(PATIENCE).untilAsserted(() -> assertThat(new Places(platform, SECRET).all())
                .isEmpty());
    }

    @Test
    @Order(2)
    void aFailureIsToldAtTheDoorToo() {
        JobStatus asked = door.forget(AdapterName.parse("acme/nobody"), Set.of("e7"), false);

        assertThat(ended(asked).error().orElseThrow().code()).isEqualTo("unknown_adapter");
        assertThat(door.jobDesk().get("nothing-of-that-name")).isEmpty();
    }

    @Test
    @Order(3)
    void aRebuiltHeadTakesItsPlaceWhereItIsTrained() {
        JsonNode rebuilt = result(door.rebuild(ADAPTER, Optional.empty(), Set.of("e3"), Map.of(), true));

        assertThat(rebuilt.path("replaced").asBoolean()).isTrue();
        assertThat(platform.journal())
                .filteredOn(JournalRecord::hasHeadReplaced)
                .extracting(record -> record.getHeadReplaced().getHead().getExcludedIdsList())
                .singleElement()
                .satisfies(excluded -> assertThat(excluded).contains("e3"));
    }

    @Test
    @Order(4)
    void howFarItIsIsToldAtTheDoorAndItIsCancelledThere() throws IOException {
        // Given a round that doesn't end, so that what needs the head between two rounds waits
        Path stuck = Files.createFile(TestTrainer.stuck(directory));
        produce("stuck", "say nothing", PoisonedModel.STUCK);
        platform.flush();
        long planned = journaled(JournalRecord::hasRoundPlanned);
        await().atMost(PATIENCE).until(() -> journaled(JournalRecord::hasRoundPlanned) > planned);
        JobStatus asked = door.forget(ADAPTER, Set.of("e9"), false);

        // Then each door tells the same of it
        await().atMost(PATIENCE)
                .until(() -> door.jobDesk().get(asked.id()).orElseThrow().of() > 0);
        JobStatus told = door.jobDesk().get(asked.id()).orElseThrow();
        assertThat(told.state()).isEqualTo(JobStatus.State.RUNNING);
        assertThat(told.note()).isEqualTo("journal");
        assertThat(owner.jobDesk().get(asked.id())).contains(told);
        assertThat(door.jobDesk().list()).contains(told);

        // And one that would wait for it is cancelled at once
        JobStatus behind = door.forget(ADAPTER, Set.of("e10"), false);
        assertThat(door.jobDesk().cancel(behind.id())).isPresent();
        assertThat(ended(behind).state()).isEqualTo(JobStatus.State.CANCELLED);
        assertThat(door.jobDesk().get(asked.id())).contains(told);

        // And when it is cancelled at the door, it ends where it is done, with all as it was
        assertThat(door.jobDesk().cancel(asked.id())).contains(told);
        JobStatus cancelled = ended(asked);
        assertThat(cancelled.state()).isEqualTo(JobStatus.State.CANCELLED);
        await().atMost(PATIENCE).until(() -> owner.jobDesk().get(asked.id()).equals(Optional.of(cancelled)));
        assertThat(journaled(JournalRecord::hasExamplesForgotten)).isEqualTo(1);
        assertThat(door.jobDesk().cancel(asked.id())).contains(cancelled);

        // And when the same is asked for again, nothing of that is left
        JobStatus again = door.forget(ADAPTER, Set.of("e9"), false);
        assertThat(again.id()).isEqualTo(asked.id());
        assertThat(again.ended()).isFalse();
        Files.delete(stuck);
        assertThat(result(again).path("archives").asInt()).isPositive();
        settle();
    }

    @Test
    @Order(5)
    void aVersionIsCutWhereTheAdapterIsTrained() {
        // Given something new, of which no version would be due for hours
        platform.submit(
                "patience",
                command -> command.setPutAdapter(PutAdapter.newBuilder()
                        .setAdapter(ADAPTER.toString())
                        .putSettings("version.max-idle", "1h")
                        .putSettings("version.max-age", "1h")));
        produce("fresh", "say something else");
        settle();
        Optional<VersionId> before = latest();

        JsonNode requested = door.cuts().request(ADAPTER);

        assertThat(requested.toString()).isEqualTo("{\"adapter\":\"" + ADAPTER + "\",\"requested\":true}");
        await().atMost(PATIENCE).until(() -> !latest().equals(before));
        assertThat(platform.journal().stream().filter(JournalRecord::hasVersionCut))
                .last()
                .extracting(record -> record.getVersionCut().getReason())
                .isEqualTo("requested");
        assertThat(owner.cuts().request(ADAPTER)).isEqualTo(requested);
    }

    @Test
    @Order(6)
    void whatCannotBeCutIsRefusedTheSameWayAtBothDoors() {
        JournalReader journal = new JournalReader(platform.kafka);
        AdapterName nobody = IntStream.range(0, 100)
                .mapToObj(i -> AdapterName.parse("acme/nobody-" + i))
                .filter(name -> owner.partitions().contains(journal.partition(name)))
                .findFirst()
                .orElseThrow();

        MillraceException own = refusal(owner, nobody);
        MillraceException elsewhere = refusal(door, nobody);

        assertThat(own.code()).isEqualTo(ErrorCode.UNKNOWN_ADAPTER);
        assertThat(elsewhere.code()).isEqualTo(own.code());
        assertThat(elsewhere).hasMessage(own.getMessage());
        assertNothingIsLeftOfCuts();
    }

    private static MillraceException refusal(Trainer asked, AdapterName adapter) {
        return catchThrowableOfType(MillraceException.class, () -> asked.cuts().request(adapter));
    }

    private static void assertNothingIsLeftOfCuts() {
        assertThat(platform.store.listSnapshots("jobs/")).noneMatch(name -> name.contains("/cut-"));
    }

    private static Optional<VersionId> latest() {
        return platform.registry.view().latest(ADAPTER).map(VersionEntry::id);
    }

    private static long journaled(Predicate<JournalRecord> kind) {
        return platform.journal().stream().filter(kind).count();
    }

    @Test
    @Order(7)
    void whoeverTrainsTheAdapterNextGoesOnWithIt() {
        // Given that its worker leaves when it was just asked
        JobStatus asked = door.rebuild(ADAPTER, Optional.empty(), Set.of("e4"), Map.of(), true);

        owner.close();

        // Then the other one, which has the adapter now, does it
        assertThat(result(asked).path("replaced").asBoolean()).isTrue();
        produce("last", "say more");
        settle();
        platform.assertEachTrainedOnce();
    }

    @Test
    @Order(8)
    void whereNoWorkerIsLeftNothingIsAskedFor() {
        try (Trainer without =
                TestTrainer.of(platform.kafka, platform.store, platform.registry, directory, "w3", Clock.systemUTC())) {
            door.close();

            MillraceException refusal = refusal(without, ADAPTER);

            assertThat(refusal.code()).isEqualTo(ErrorCode.NOT_READY);
            assertThat(refusal).hasMessageContaining("no version is due; ask again");
            assertNothingIsLeftOfCuts();
        }
    }
}
