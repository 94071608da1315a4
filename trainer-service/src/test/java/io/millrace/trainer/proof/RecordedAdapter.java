package io.millrace.trainer.proof;

import com.google.protobuf.ByteString;
import io.millrace.core.AdapterName;
import io.millrace.core.AdapterSettings;
import io.millrace.core.Digest;
import io.millrace.core.ExampleParser;
import io.millrace.core.VersionId;
import io.millrace.core.peft.PeftDirectory;
import io.millrace.engine.train.AdapterState;
import io.millrace.engine.train.AdapterTrainer;
import io.millrace.proto.internal.CheckpointStored;
import io.millrace.proto.internal.CuratedExample;
import io.millrace.proto.internal.File;
import io.millrace.proto.internal.InputRecord;
import io.millrace.proto.internal.JournalRecord;
import io.millrace.proto.internal.PublishVersion;
import io.millrace.proto.internal.RegistryRecord;
import io.millrace.proto.internal.RoundAbandoned;
import io.millrace.proto.internal.RoundCommitted;
import io.millrace.proto.internal.RoundPlanned;
import io.millrace.proto.internal.RoundRebased;
import io.millrace.proto.internal.VersionCut;
import io.millrace.store.BlobStore;
import io.millrace.trainer.protocol.AdapterFold;
import io.millrace.trainer.protocol.Head;
import io.millrace.trainer.protocol.JournalFold;
import io.millrace.trainer.publish.VersionFiles;
import io.millrace.trainer.train.Archives;
import io.millrace.trainer.train.Examples;
import io.millrace.trainer.train.Plan;
import io.millrace.trainer.train.Plan.Waiting;
import io.millrace.trainer.train.Train;
import io.millrace.trainer.worker.Engine;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.IntStream;

/** An adapter that is trained as a worker would, its journal in memory. */
final class RecordedAdapter implements AutoCloseable {
    static final AdapterName NAME = AdapterName.parse("acme/a");

    private final Engine engine;
    private final BlobStore store;
    private final Plan plan;
    private final Train train;
    private final List<JournalRecord> records = new ArrayList<>();
    private final AdapterSettings settings;
    private JournalFold journal = JournalFold.empty();
    private AdapterTrainer trainer;
    private String fingerprint;
    private long offset;

    RecordedAdapter(Engine engine, BlobStore store, AdapterSettings settings) {
        this.engine = engine;
        this.store = store;
        this.settings = settings;
        this.fingerprint = engine.model().fingerprint();
        Archives archives = new Archives(store);
        this.plan = new Plan(engine.base(), fingerprint, examples(engine), archives);
        this.train = new Train(examples(engine), archives);
        Head head = genesis();
        this.trainer = engine.model()
                .create(
                        Head.lora(head.state().getGenesis()),
                        head.state().getGenesis().getSeed());
    }

    static Examples examples(Engine engine) {
        return new Examples(new ExampleParser(1 << 20)::parse, engine.encoder());
    }

    private Head genesis() {
        return Head.genesis(NAME, Head.genesisOf(NAME, engine.base().id(), settings.lora()), 0, -1);
    }

    AdapterFold fold() {
        return journal.adapter(NAME).orElseThrow();
    }

    Head head() {
        return journal.adapter(NAME).map(AdapterFold::head).orElseGet(this::genesis);
    }

    History history() {
        History.Builder builder = new History.Builder(NAME);
        for (int i = 0; i < records.size(); i++) {
            builder.add(i, i, records.get(i));
        }
        return builder.build().orElseThrow();
    }

    static CuratedExample example(long i) {
        return CuratedExample.newBuilder()
                .setAdapter(NAME.toString())
                .setExampleId("e" + i)
                .setHeldOut(i % 10 == 9)
                .setSource(InputRecord.newBuilder().setTopic("examples").setOffset(i))
                .setRecord(ByteString.copyFrom(
                        "{\"adapter\":\"acme/a\",\"prompt\":\"p" + i + "\",\"completion\":\"c" + i % 7 + "\"}",
                        StandardCharsets.UTF_8))
                .build();
    }

    /** A round of the next examples, without those that were never sent. */
    RecordedAdapter round(int examples, Predicate<String> sent) {
        List<Waiting> waiting = next(examples, sent);
        return waiting.isEmpty() ? this : compute(planned(waiting));
    }

    RecordedAdapter round(int examples) {
        return round(examples, id -> true);
    }

    private List<Waiting> next(int examples, Predicate<String> sent) {
        List<Waiting> waiting = IntStream.range(0, examples)
                .mapToObj(i -> new Waiting(offset + i, example(offset + i)))
                .filter(w -> sent.test(w.example().getExampleId()))
                .toList();
        offset += examples;
        return waiting;
    }

    private RoundPlanned planned(List<Waiting> waiting) {
        RoundPlanned planned = plan.plan(head(), settings, waiting, false);
        add(JournalRecord.newBuilder().setRoundPlanned(planned));
        return planned;
    }

    RecordedAdapter abandonedRound(int examples, Predicate<String> sent) {
        List<Waiting> waiting = next(examples, sent);
        if (!waiting.isEmpty()) {
            RoundPlanned planned = planned(waiting);
            add(JournalRecord.newBuilder()
                    .setRoundAbandoned(RoundAbandoned.newBuilder().setRound(planned.getRound())));
        }
        return this;
    }

    RecordedAdapter abandonedRound(int examples) {
        return abandonedRound(examples, id -> true);
    }

    private RecordedAdapter compute(RoundPlanned planned) {
        Train.Measured measured = train.train(trainer, head().state().getStep(), planned, () -> false);
        AdapterState reached = trainer.state();
        RoundCommitted.Builder commit = RoundCommitted.newBuilder()
                .setRound(planned.getRound())
                .setStep(reached.step())
                .setStateSha256(
                        Head.fresh(planned).isEmpty()
                                ? head().stateDigest().hex()
                                : reached.digest().hex())
                .addAllLosses(measured.losses())
                .setFingerprint(fingerprint);
        commit.setHeadSha256(head().after(planned, commit.build()).digest().hex());
        add(JournalRecord.newBuilder().setRoundCommitted(commit));
        return this;
    }

    CheckpointStored checkpoint() {
        CheckpointStored stored = CheckpointStored.newBuilder()
                .setHead(head().state())
                .setStateBlobSha256(store.put(trainer.state().content()).hex())
                .setFingerprint(fingerprint)
                .build();
        add(JournalRecord.newBuilder().setCheckpointStored(stored));
        return stored;
    }

    VersionId cut() {
        VersionFiles files = new VersionFiles(store, engine.base());
        Optional<VersionId> parent = fold().lastCut().map(c -> new VersionId(c.getVersionId()));
        PeftDirectory.Version version = files.of(NAME, fold(), parent, trainer.published());
        PublishVersion.Builder command = PublishVersion.newBuilder();
        version.files()
                .forEach((name, content) -> command.addFiles(File.newBuilder()
                        .setName(name)
                        .setSha256(store.put(content).hex())));
        add(JournalRecord.newBuilder()
                .setVersionCut(VersionCut.newBuilder()
                        .setRound(head().round())
                        .setVersionId(version.id().hex())
                        .setCommand(RegistryRecord.newBuilder().setPublishVersion(command))));
        return version.id();
    }

    /** The head comes out with other bits, on what calls itself another processor. */
    RecordedAdapter rebase(String otherFingerprint) {
        long step = trainer.state().step();
        AdapterState other;
        try (AdapterTrainer withFreshOptimizer = engine.model().resume(trainer.weights())) {
            other = withFreshOptimizer.state();
        }
        trainer.close();
        trainer = engine.model().resume(new AdapterState(other.config(), step, other.content()));
        fingerprint = otherFingerprint;
        Digest reached = trainer.state().digest();
        add(JournalRecord.newBuilder()
                .setRoundRebased(RoundRebased.newBuilder()
                        .setRound(head().round())
                        .setOldHeadSha256(head().digest().hex())
                        .setNewStateSha256(reached.hex())
                        .setNewFingerprint(otherFingerprint)));
        return this;
    }

    AdapterState state() {
        return trainer.state();
    }

    private void add(JournalRecord.Builder record) {
        JournalRecord built = record.setAdapter(NAME.toString()).build();
        journal = journal.apply(records.size(), records.size(), built);
        records.add(built);
    }

    @Override
    public void close() {
        trainer.close();
    }
}
