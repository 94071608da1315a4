package io.millrace.trainer.proof;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.core.AdapterSettings;
import io.millrace.core.Digest;
import io.millrace.core.MillraceException;
import io.millrace.core.VersionId;
import io.millrace.proto.internal.CheckpointStored;
import io.millrace.store.MemoryBlobStore;
import io.millrace.trainer.Engines;
import io.millrace.trainer.proof.Proof.StretchProof;
import io.millrace.trainer.publish.VersionFiles;
import io.millrace.trainer.train.Archives;
import io.millrace.trainer.train.Train;
import io.millrace.trainer.worker.Engine;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Versions come out of the journal again with the same digests, and where they don't, the proof says what differs. */
class RecomputeTest {
    @TempDir
    static Path directory;

    private static Engine engine;

    private final MemoryBlobStore store = new MemoryBlobStore();
    private RecordedAdapter adapter;

    @BeforeAll
    static void open() {
        engine = new Engines(directory, "nano", "cpu", 1, "f32").open();
    }

    @AfterAll
    static void close() {
        engine.close();
    }

    @BeforeEach
    void start() {
        adapter = new RecordedAdapter(engine, store, AdapterSettings.defaults());
    }

    @AfterEach
    void end() {
        adapter.close();
    }

    private Recompute recompute() {
        Train train = new Train(RecordedAdapter.examples(engine), new Archives(store));
        return new Recompute(engine.model(), store, train, new VersionFiles(store, engine.base()));
    }

    private Proof fromGenesis() {
        return recompute().fromGenesis(adapter.history(), (done, of) -> {}, () -> false);
    }

    private Proof ofVersion(VersionId version) {
        History history = adapter.history();
        return recompute().ofVersion(history, history.cut(version).orElseThrow(), (done, of) -> {}, () -> false);
    }

    @Test
    void allRoundsAndVersionsSinceGenesisComeOutAgain() {
        // Given rounds with held-out and replayed examples, one that was abandoned, a checkpoint, two versions
        adapter.round(6).round(6);
        VersionId first = adapter.cut();
        adapter.abandonedRound(3).round(6);
        adapter.checkpoint();
        adapter.round(6);
        VersionId second = adapter.cut();

        List<Long> seen = new ArrayList<>();
        Proof proof = recompute().fromGenesis(adapter.history(), (done, of) -> seen.add(done * 100 + of), () -> false);

        assertThat(proof.exact()).isTrue();
        assertThat(proof.versions()).extracting(Proof.VersionProof::computed).containsExactly(first, second);
        StretchProof stretch = proof.stretches().get(0);
        assertThat(proof.stretches()).hasSize(1);
        assertThat(stretch.startedFrom()).isEqualTo("genesis");
        assertThat(stretch.computed()).isEqualTo(4);
        assertThat(stretch.lastRound()).isEqualTo(5);
        assertThat(seen).containsExactly(104L, 204L, 304L, 404L);
    }

    @Test
    void aVersionIsComputedFromTheStateBeforeItsOwnRounds() {
        adapter.round(4);
        CheckpointStored before = adapter.checkpoint();
        adapter.cut();
        adapter.round(4).round(4);
        adapter.checkpoint();
        VersionId second = adapter.cut();
        adapter.round(4);

        Proof proof = ofVersion(second);

        assertThat(proof.exact()).isTrue();
        assertThat(proof.versions()).hasSize(1);
        assertThat(proof.stretches().get(0).startedFrom()).isEqualTo("the stored state of round 1");
        assertThat(proof.stretches().get(0).computed()).isEqualTo(2);

        // And from genesis where that state is gone
        store.delete(new Digest(before.getStateBlobSha256()));
        assertThat(ofVersion(second).stretches().get(0).startedFrom()).isEqualTo("genesis");
        assertThat(ofVersion(second).exact()).isTrue();
    }

    @Test
    void eachStretchOfAFingerprintIsComparedByItself() {
        adapter.round(4).round(4);
        adapter.cut();
        adapter.rebase("another processor");
        CheckpointStored start = adapter.checkpoint();
        adapter.round(4);
        VersionId version = adapter.cut();

        Proof proof = fromGenesis();

        assertThat(proof.exact()).isTrue();
        assertThat(proof.stretches())
                .extracting(StretchProof::fingerprint)
                .containsExactly(engine.model().fingerprint(), "another processor");
        assertThat(proof.stretches().get(1).startedFrom()).isEqualTo("the stored state of round 2");

        // When the state that the second starts from is lost, it goes on from what was computed, and says how it
        // differs
        store.delete(new Digest(start.getStateBlobSha256()));
        Proof without = fromGenesis();
        assertThat(without.stretches().get(0).exact()).isTrue();
        assertThat(without.stretches().get(1).startedFrom()).contains("as computed here");
        assertThat(without.stretches().get(1).first().orElseThrow().round()).isEqualTo(3);
        assertThat(without.version(version).orElseThrow().files()).contains("adapter_model.safetensors");
        assertThat(without.version(version).orElseThrow().differences())
                .isNotEmpty()
                .allSatisfy(d -> assertThat(d.maxAbsolute()).isPositive())
                .extracting(Proof.Difference::group)
                .contains("q_proj.lora_B");
    }

    @Test
    void anArchiveThatIsGoneIsNamed() {
        adapter.round(4);
        store.delete(new Digest(adapter.history()
                .stretches()
                .get(0)
                .rounds()
                .get(0)
                .getPlanned()
                .getArchiveSha256()));

        assertThatThrownBy(this::fromGenesis)
                .isInstanceOf(MillraceException.class)
                .hasMessageContaining("blob");
    }
}
