package io.millrace.trainer.publish;

import io.millrace.core.AdapterName;
import io.millrace.core.AdapterSettings;
import io.millrace.core.AdapterWeights;
import io.millrace.core.BaseDescription;
import io.millrace.core.Digest;
import io.millrace.core.LoraConfig;
import io.millrace.core.Manifest;
import io.millrace.core.VersionId;
import io.millrace.core.peft.PeftDirectory;
import io.millrace.embedding.Prototypes;
import io.millrace.engine.train.AdapterTrainer;
import io.millrace.engine.train.TrainingModel;
import io.millrace.proto.internal.File;
import io.millrace.proto.internal.PublishVersion;
import io.millrace.proto.internal.RegistryRecord;
import io.millrace.proto.internal.VersionCut;
import io.millrace.registry.RegistryView;
import io.millrace.store.BlobStore;
import io.millrace.trainer.protocol.AdapterFold;
import io.millrace.trainer.protocol.Head;
import io.millrace.trainer.train.Archives;
import io.millrace.trainer.train.Examples;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Makes a version of a head: checks it, stores its files, manifest last, and says by which command it is to be published.
 * The command stands in the journal until the registry shows the version; blobs that were stored for nothing harm nobody.
 */
public final class CutVersion {
    private final BlobStore store;
    private final TrainingModel model;
    private final Check check;
    private final Prototyping prototyping;
    private final VersionFiles files;
    private final Supplier<RegistryView> registry;
    private final String actor;

    /** @param actor who is said to publish */
    public static CutVersion of(
            BlobStore store,
            TrainingModel model,
            BaseDescription base,
            Examples examples,
            Archives archives,
            Prototyping prototyping,
            Supplier<RegistryView> registry,
            ChampionGuard guard,
            int minHeldOut,
            String actor) {
        VersionFiles files = new VersionFiles(store, base);
        Check check = new Check(
                model, base.id().hex(), new HeldOutLosses(examples, archives), files::read, guard, minHeldOut);
        return new CutVersion(store, model, check, prototyping, files, registry, actor);
    }

    private CutVersion(
            BlobStore store,
            TrainingModel model,
            Check check,
            Prototyping prototyping,
            VersionFiles files,
            Supplier<RegistryView> registry,
            String actor) {
        this.store = store;
        this.model = model;
        this.check = check;
        this.prototyping = prototyping;
        this.files = files;
        this.registry = registry;
        this.actor = actor;
    }

    /**
     * @param trainer at the fold's head
     * @param reason what made the version due
     * @throws io.millrace.core.MillraceException {@code store_unavailable}
     */
    public VersionCut cut(
            AdapterName adapter, AdapterFold fold, AdapterSettings settings, AdapterTrainer trainer, String reason) {
        return cut(adapter, fold, settings, trainer, Optional.empty(), reason);
    }

    /**
     * As {@link #cut(AdapterName, AdapterFold, AdapterSettings, AdapterTrainer, String)}, of an adapter that was rebuilt.
     *
     * @param fold of the rebuilt line
     */
    public VersionCut rebuilt(
            AdapterName adapter,
            AdapterFold fold,
            AdapterSettings settings,
            AdapterTrainer trainer,
            VersionId rebuiltFrom) {
        return cut(adapter, fold, settings, trainer, Optional.of(rebuiltFrom), "rebuilt");
    }

    private VersionCut cut(
            AdapterName adapter,
            AdapterFold fold,
            AdapterSettings settings,
            AdapterTrainer trainer,
            Optional<VersionId> rebuiltFrom,
            String reason) {
        AdapterWeights weights = trainer.published();
        Check.Verdict verdict = check(adapter, fold, settings, trainer, weights);
        Optional<Digest> prototypes =
                prototyping.of(fold.head()).map(Prototypes::encode).map(store::put);
        Optional<VersionId> parent = fold.lastCut().map(cut -> new VersionId(cut.getVersionId()));
        PeftDirectory.Version version = rebuiltFrom
                .map(from -> files.rebuilt(adapter, fold, from, weights))
                .orElseGet(() -> files.of(adapter, fold, parent, weights));
        version.files().forEach((name, content) -> {
            if (!name.equals(Manifest.FILE)) {
                store.put(content);
            }
        });
        Digest manifest = store.put(version.files().get(Manifest.FILE));
        VersionId id = version.id();
        check.became(adapter, fold, id);
        LoraConfig lora = Head.lora(fold.head().state().getGenesis());
        PublishVersion.Builder command = PublishVersion.newBuilder()
                .setAdapter(adapter.toString())
                .setVersionId(id.hex())
                .setManifestSha256(manifest.hex())
                .setBaseId(fold.head().state().getGenesis().getBaseId())
                .setParentVersionId(parent.map(VersionId::hex).orElse(""))
                .setRebuiltFromVersionId(rebuiltFrom.map(VersionId::hex).orElse(""))
                .addAllFiles(filesOf(version.files()))
                .setRank(lora.rank())
                .setAlpha(lora.alpha())
                .addAllTargetModules(lora.targetModules())
                .setRounds(fold.head().round())
                .setExamples(fold.head().state().getExamples())
                .setEvaluation(verdict.evaluation())
                .setPrototypesSha256(prototypes.map(Digest::hex).orElse(""))
                .setPromotion(verdict.promotion());
        return VersionCut.newBuilder()
                .setRound(fold.head().round())
                .setHeadSha256(fold.head().digest().hex())
                .setVersionId(id.hex())
                .setReason(reason)
                .setCommand(RegistryRecord.newBuilder()
                        .setCommandId("cut:" + id.hex())
                        .setFoldVersion(1)
                        .setActor(actor)
                        .setPublishVersion(command))
                .build();
    }

    /** The gate measures what is published, which may be the average. */
    private Check.Verdict check(
            AdapterName adapter,
            AdapterFold fold,
            AdapterSettings settings,
            AdapterTrainer trainer,
            AdapterWeights weights) {
        if (trainer.average().isEmpty()) {
            return check.check(adapter, fold, settings, trainer, registry.get());
        }
        try (AdapterTrainer averaged = model.resume(weights)) {
            return check.check(adapter, fold, settings, averaged, registry.get());
        }
    }

    private static List<File> filesOf(Map<String, byte[]> content) {
        return content.entrySet().stream()
                .map(e -> File.newBuilder()
                        .setName(e.getKey())
                        .setSha256(Digest.of(e.getValue()).hex())
                        .setSizeBytes(e.getValue().length)
                        .build())
                .toList();
    }
}
