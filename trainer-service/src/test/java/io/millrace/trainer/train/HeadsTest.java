package io.millrace.trainer.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.millrace.core.AdapterName;
import io.millrace.core.AdapterSettings;
import io.millrace.core.Digest;
import io.millrace.core.ExampleParser;
import io.millrace.core.MillraceException;
import io.millrace.engine.train.AdapterState;
import io.millrace.proto.internal.CheckpointStored;
import io.millrace.proto.internal.CuratedExample;
import io.millrace.proto.internal.JournalRecord;
import io.millrace.proto.internal.RoundCommitted;
import io.millrace.proto.internal.RoundPlanned;
import io.millrace.proto.internal.RoundRebased;
import io.millrace.store.MemoryBlobStore;
import io.millrace.trainer.Engines;
import io.millrace.trainer.protocol.AdapterFold;
import io.millrace.trainer.protocol.Head;
import io.millrace.trainer.train.Plan.Waiting;
import io.millrace.trainer.worker.Engine;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The same journal and the same fingerprint give the same bytes, from wherever the computation starts. */
class HeadsTest {
    private static final AdapterName FIRST = AdapterName.parse("acme/first");
    private static final AdapterName THIRD = AdapterName.parse("acme/third");
    private static final AdapterName ADAPTER = AdapterName.parse("acme/a");

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

    private Examples examples() {
        return new Examples(new ExampleParser(1 << 20)::parse, engine.encoder());
    }

    private Heads heads() {
        return heads(1L << 30);
    }

    private Heads heads(long hostBytes) {
        return new Heads(engine.model(), store, new Train(examples(), new Archives(store)), 8, hostBytes);
    }

    private static Waiting example(int i) {
        return new Waiting(
                i,
                CuratedExample.newBuilder()
                        .setAdapter(ADAPTER.toString())
                        .setExampleId("e" + i)
                        .setRecord(ByteString.copyFrom(
                                "{\"adapter\":\"acme/a\",\"prompt\":\"p" + i + "\",\"completion\":\"c" + i % 7 + "\"}",
                                StandardCharsets.UTF_8))
                        .build());
    }

    /** Plans, computes and folds rounds of four examples. */
    private AdapterFold rounds(Heads heads, AdapterFold from, int count) {
        Archives archives = new Archives(store);
        Plan plan = new Plan(engine.base(), engine.model().fingerprint(), examples(), archives);
        AdapterSettings settings = AdapterSettings.of(Map.of("replay", "0.25", "average", "0.9"));
        Train train = new Train(examples(), archives);
        AdapterFold fold = from;
        for (int r = 0; r < count; r++) {
            List<Waiting> waiting = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                waiting.add(example((int) fold.head().through() + 1 + i));
            }
            RoundPlanned planned = plan.plan(fold.head(), settings, waiting, false);
            fold = fold.apply(
                    JournalRecord.newBuilder().setRoundPlanned(planned).build(), 1);
            Heads.Restored restored = heads.at(ADAPTER, fold, () -> false);
            heads.moving(ADAPTER);
            train.train(restored.trainer(), fold.head().state().getStep(), planned, () -> false);
            Heads.Reached reached = heads.moved(ADAPTER);
            RoundCommitted.Builder commit = RoundCommitted.newBuilder()
                    .setRound(planned.getRound())
                    .setStep(reached.step())
                    .setStateSha256(reached.state().hex())
                    .setFingerprint(engine.model().fingerprint());
            commit.setHeadSha256(
                    fold.head().after(planned, commit.build()).digest().hex());
            fold = fold.apply(
                    JournalRecord.newBuilder().setRoundCommitted(commit).build(), 1);
        }
        return fold;
    }

    private static AdapterFold start() {
        return AdapterFold.start(
                Head.genesis(
                        ADAPTER,
                        Head.genesisOf(
                                ADAPTER,
                                engine.base().id(),
                                AdapterSettings.defaults().lora()),
                        0,
                        -1),
                1);
    }

    private AdapterFold checkpoint(Heads heads, AdapterFold fold) {
        AdapterState kept = heads.state(ADAPTER, fold.head()).orElseThrow();
        return fold.apply(
                JournalRecord.newBuilder()
                        .setCheckpointStored(CheckpointStored.newBuilder()
                                .setHead(fold.head().state())
                                .setStateBlobSha256(store.put(kept.content()).hex()))
                        .build(),
                1);
    }

    @Test
    void withoutACheckpointAllRoundsAreComputedAgainToTheSameBytes() {
        AdapterFold fold;
        try (Heads heads = heads()) {
            fold = rounds(heads, start(), 5);
        }
        try (Heads fresh = heads()) {
            Heads.Restored restored = fresh.at(ADAPTER, fold, () -> false);

            assertThat(restored.rebased()).isEmpty();
            assertThat(restored.trainer().state().digest())
                    .isEqualTo(fold.head().stateDigest());
        }
    }

    @Test
    void fromACheckpointOnlyTheRoundsAfterItAreComputed() {
        AdapterFold fold;
        try (Heads heads = heads()) {
            fold = rounds(heads, start(), 3);
            fold = checkpoint(heads, fold);
            fold = rounds(heads, fold, 2);
        }
        try (Heads fresh = heads()) {
            assertThat(fold.computedAfter(3)).hasSize(2);
            assertThat(fresh.at(ADAPTER, fold, () -> false).rebased()).isEmpty();
            assertThat(fresh.state(ADAPTER, fold.head())).isPresent();
        }
    }

    @Test
    void aLostCheckpointIsReplacedByAnEarlierOne() {
        AdapterFold fold;
        try (Heads heads = heads()) {
            fold = checkpoint(heads, rounds(heads, start(), 2));
            fold = checkpoint(heads, rounds(heads, fold, 2));
        }
        store.delete(new Digest(fold.lastCheckpoint().orElseThrow().getStateBlobSha256()));
        try (Heads fresh = heads()) {
            assertThat(fresh.at(ADAPTER, fold, () -> false).rebased()).isEmpty();
        }
        store.delete(new Digest(fold.checkpoints().get(0).getStateBlobSha256()));
        AdapterFold lost = fold;
        try (Heads fresh = heads()) {
            assertThatThrownBy(() -> fresh.at(ADAPTER, lost, () -> false))
                    .isInstanceOf(MillraceException.class)
                    .hasMessageContaining("no checkpoint");
        }
    }

    @Test
    void otherBitsAreRebasedNotHidden() {
        AdapterFold fold;
        try (Heads heads = heads()) {
            fold = rounds(heads, start(), 2);
        }
        AdapterFold elsewhere = fold.apply(
                JournalRecord.newBuilder()
                        .setRoundRebased(RoundRebased.newBuilder()
                                .setOldHeadSha256(fold.head().digest().hex())
                                .setNewStateSha256(
                                        Digest.of("another processor").hex())
                                .setNewFingerprint("another"))
                        .build(),
                1);
        try (Heads fresh = heads()) {
            RoundRebased rebased =
                    fresh.at(ADAPTER, elsewhere, () -> false).rebased().orElseThrow();

            assertThat(rebased.getNewStateSha256())
                    .isEqualTo(fold.head().stateDigest().hex());
            assertThat(rebased.getOldFingerprint()).isEqualTo("another");
        }
    }

    @Test
    void anAdapterThatLeftTheDeviceComesBackToTheSameBytes() {
        try (Heads heads = heads()) {
            AdapterFold fold = rounds(heads, start(), 2);
            heads.leaveDevice(ADAPTER);

            assertThat(heads.onDevice(ADAPTER)).isFalse();
            assertThat(heads.at(ADAPTER, fold, () -> false).trainer().state().digest())
                    .isEqualTo(fold.head().stateDigest());
        }
    }

    @Test
    void copiesThatThereIsNoRoomForGoAndAdaptersOnTheDeviceStay() {
        try (Heads heads = heads(0)) {
            // Given one adapter on the device, and one that left it
            heads.at(FIRST, start(), () -> false);
            AdapterFold fold = rounds(heads, start(), 2);
            heads.leaveDevice(ADAPTER);
            assertThat(heads.state(ADAPTER, fold.head())).isPresent();

            // When a third one comes
            heads.at(THIRD, start(), () -> false);

            // Then the copy is gone, and its adapter is computed again when it is needed
            assertThat(heads.onDevice(FIRST)).isTrue();
            assertThat(heads.state(ADAPTER, fold.head())).isEmpty();
            assertThat(heads.at(ADAPTER, fold, () -> false).trainer().stateDigest())
                    .isEqualTo(fold.head().stateDigest());
        }
    }

    @Test
    void aRoundThatWasNotCommittedLeavesNoTrace() {
        try (Heads heads = heads()) {
            AdapterFold fold = rounds(heads, start(), 2);
            var unused = rounds(heads, fold, 1);

            assertThat(heads.at(ADAPTER, fold, () -> false).trainer().state().digest())
                    .isEqualTo(fold.head().stateDigest());
        }
    }
}
