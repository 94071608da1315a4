package io.millrace.trainer.proof;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.core.AdapterSettings;
import io.millrace.core.Digest;
import io.millrace.core.MillraceException;
import io.millrace.proto.internal.PlannedRecord;
import io.millrace.proto.internal.RebuildRecipe;
import io.millrace.proto.internal.RebuildSetting;
import io.millrace.proto.internal.RoundPlanned;
import io.millrace.store.MemoryBlobStore;
import io.millrace.trainer.Engines;
import io.millrace.trainer.proof.History.RecordedRound;
import io.millrace.trainer.protocol.Head;
import io.millrace.trainer.train.Archives;
import io.millrace.trainer.train.Plan;
import io.millrace.trainer.worker.Engine;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Rebuilding without examples comes to the same bytes as a training that was never sent them. */
class RebuiltLineTest {
    /** Shifts are found easily and change how much is replayed, so that they matter to what comes out. */
    private static final AdapterSettings SETTINGS = AdapterSettings.defaults()
            .with("replay", "0.25")
            .with("replay.after-shift", "1")
            .with("replay.shift-rounds", "3")
            .with("drift.threshold", "0.5")
            .with("micro-batch", "4");

    @TempDir
    static Path directory;

    private static Engine engine;

    private final MemoryBlobStore store = new MemoryBlobStore();

    @BeforeAll
    static void open() {
        engine = new Engines(directory, "nano", "cpu", 1, "f32").open();
    }

    @AfterAll
    static void close() {
        engine.close();
    }

    /** What is sent, in rounds of so many; a negative number is a round that is abandoned. */
    record Case(List<Integer> rounds, Set<String> without) {}

    static Stream<Case> cases() {
        return Stream.iterate(1L, seed -> seed + 1).limit(12).map(seed -> {
            Random random = new Random(seed);
            List<Integer> rounds = new ArrayList<>();
            int sent = 0;
            for (int r = 0; r < 6; r++) {
                int size = 1 + random.nextInt(5);
                rounds.add(random.nextInt(6) == 0 ? -size : size);
                sent += size;
            }
            Set<String> without = new TreeSet<>();
            for (int i = 0; i < sent; i++) {
                if (random.nextInt(3) == 0) {
                    without.add("e" + i);
                }
            }
            return new Case(rounds, without);
        });
    }

    @ParameterizedTest
    @MethodSource("cases")
    void withoutExamplesEqualsNeverSent(Case of) {
        try (RecordedAdapter recorded = new RecordedAdapter(engine, store, SETTINGS);
                RecordedAdapter direct = new RecordedAdapter(engine, new MemoryBlobStore(), SETTINGS)) {
            for (int size : of.rounds()) {
                if (size > 0) {
                    recorded.round(size);
                    direct.round(size, id -> !of.without().contains(id));
                } else {
                    recorded.abandonedRound(-size, id -> true);
                    direct.abandonedRound(-size, id -> !of.without().contains(id));
                }
            }
            try (RebuiltLine line = line(recorded, recipe(of.without()))) {
                takeAll(line, recorded.history());

                assertThat(line.trainer().state().digest())
                        .isEqualTo(direct.state().digest());
                assertThat(line.fold().head().state().getStateSha256())
                        .isEqualTo(direct.head().state().getStateSha256());
                assertThat(line.fold().head().state().getDrift())
                        .isEqualTo(direct.head().state().getDrift());
                assertThat(line.fold().head().state().getReservoirList())
                        .extracting(ref -> ref.getExampleId())
                        .isEqualTo(direct.head().state().getReservoirList().stream()
                                .map(ref -> ref.getExampleId())
                                .toList())
                        .doesNotContainAnyElementsOf(of.without());
                assertThat(line.fold().head().digest()).isEqualTo(direct.head().digest());
            }
        }
    }

    @Test
    void withoutNothingItIsTheSameAdapter() {
        try (RecordedAdapter recorded = new RecordedAdapter(engine, store, SETTINGS)) {
            recorded.round(5).round(5).round(5);
            try (RebuiltLine line = line(recorded, recipe(Set.of()))) {
                takeAll(line, recorded.history());

                assertThat(line.fold().head()).isEqualTo(recorded.head());
            }
        }
    }

    @Test
    void itGoesOnWhereItWas() {
        try (RecordedAdapter recorded = new RecordedAdapter(engine, store, SETTINGS)) {
            recorded.round(5).round(5).round(5);
            History history = recorded.history();
            RebuildRecipe recipe = recipe(Set.of("e2", "e7"));
            try (RebuiltLine whole = line(recorded, recipe);
                    RebuiltLine begun = line(recorded, recipe)) {
                takeAll(whole, history);
                begun.add(history.rounds().get(0), () -> false);
                begun.add(history.rounds().get(1), () -> false);
                try (RebuiltLine resumed = RebuiltLine.resume(engine, store, begun.save())) {
                    takeAll(resumed, history);

                    assertThat(resumed.fold().head()).isEqualTo(whole.fold().head());
                    assertThat(resumed.trainer().state().digest())
                            .isEqualTo(whole.trainer().state().digest());
                    assertThat(resumed.fold().sinceCut()).isEqualTo(whole.fold().sinceCut());
                }
            }
        }
    }

    @Test
    void whatIsUnderWayKeepsOneStateAndLeavesNone() {
        try (RecordedAdapter recorded = new RecordedAdapter(engine, store, SETTINGS)) {
            recorded.round(5).round(5);
            List<RecordedRound> rounds = recorded.history().rounds();
            Rebuilds rebuilds = new Rebuilds(store);
            Set<Digest> states = new HashSet<>();
            try (RebuiltLine line = line(recorded, recipe(Set.of("e2")))) {
                // When it is saved after each round
                for (RecordedRound round : rounds) {
                    line.add(round, () -> false);
                    rebuilds.running("job", line.save());
                    states.add(Digest.of(line.trainer().state().content()));
                }

                // Then the last state is there, none is among the blobs, and nothing is left in the end
                try (RebuiltLine resumed = RebuiltLine.resume(
                        engine, store, rebuilds.running("job").orElseThrow())) {
                    assertThat(resumed.fold().head()).isEqualTo(line.fold().head());
                }
                assertThat(store.listSnapshots("rebuilds/states/")).hasSize(1);
                store.forEach(blob -> assertThat(states).doesNotContain(blob));
                rebuilds.ended("job");
                assertThat(store.listSnapshots("rebuilds/")).isEmpty();
            }
        }
    }

    @Test
    void aDamagedStateIsNotGoneOnFrom() {
        try (RecordedAdapter recorded = new RecordedAdapter(engine, store, SETTINGS)) {
            recorded.round(5);
            Rebuilds rebuilds = new Rebuilds(store);
            try (RebuiltLine line = line(recorded, recipe(Set.of("e2")))) {
                line.add(recorded.history().rounds().get(0), () -> false);
                rebuilds.running("job", line.save());
            }
            store.putSnapshot(store.listSnapshots("rebuilds/states/").get(0), new byte[] {1, 2, 3});

            assertThat(rebuilds.running("job")).isEmpty();
            rebuilds.ended("job");
        }
    }

    @Test
    void otherSettingsEqualTrainingWithThem() {
        AdapterSettings other = SETTINGS.with("rank", "4").with("lr", "0.001");
        try (RecordedAdapter recorded = new RecordedAdapter(engine, store, SETTINGS);
                RecordedAdapter direct = new RecordedAdapter(engine, new MemoryBlobStore(), other)) {
            recorded.round(5).round(5);
            direct.round(5).round(5);
            RebuildRecipe recipe = recipe(Set.of()).toBuilder()
                    .addSettings(RebuildSetting.newBuilder().setKey("lr").setValue("0.001"))
                    .addSettings(RebuildSetting.newBuilder().setKey("rank").setValue("4"))
                    .build();
            try (RebuiltLine line = line(recorded, recipe)) {
                takeAll(line, recorded.history());

                assertThat(line.fold().head()).isEqualTo(direct.head());
            }
        }
    }

    @Test
    void whatChangesNoRecordedRoundIsRefused() {
        RebuildSetting boundary = RebuildSetting.newBuilder()
                .setKey("round.max-examples")
                .setValue("4")
                .build();

        assertThatThrownBy(() -> new RecordedSettings(List.of(boundary)))
                .isInstanceOf(MillraceException.class)
                .hasMessageContaining("changes no recorded round");
    }

    @Test
    void whatWasRemovedIsRefusedAfterwards() {
        try (RecordedAdapter recorded = new RecordedAdapter(engine, store, SETTINGS)) {
            recorded.round(3);
            Head head = new Head(recorded.head().state().toBuilder()
                    .addAllExcludedIds(List.of("e4", "e6"))
                    .build());
            Plan plan = new Plan(
                    engine.base(), engine.model().fingerprint(), RecordedAdapter.examples(engine), new Archives(store));

            RoundPlanned planned = plan.plan(
                    head,
                    SETTINGS,
                    List.of(
                            new Plan.Waiting(4, RecordedAdapter.example(4)),
                            new Plan.Waiting(5, RecordedAdapter.example(5))),
                    false);

            assertThat(planned.getRecords(0).getCode()).isEqualTo("excluded");
            assertThat(planned.getRecords(1).getDisposition()).isEqualTo(PlannedRecord.Disposition.FRESH);
        }
    }

    private static RebuildRecipe recipe(Set<String> without) {
        return RebuildRecipe.newBuilder()
                .setAdapter(RecordedAdapter.NAME.toString())
                .addAllWithout(without)
                .build();
    }

    private RebuiltLine line(RecordedAdapter recorded, RebuildRecipe recipe) {
        return RebuiltLine.start(
                engine, store, recipe, recorded.history().rounds().get(0).plan());
    }

    private static void takeAll(RebuiltLine line, History history) {
        while (line.recordedRounds() < history.rounds().size()) {
            line.add(history.rounds().get(line.recordedRounds()), () -> false);
        }
    }
}
