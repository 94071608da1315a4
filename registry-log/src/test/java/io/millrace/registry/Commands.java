package io.millrace.registry;

import io.millrace.core.Digest;
import io.millrace.core.VersionId;
import io.millrace.proto.internal.DeleteAlias;
import io.millrace.proto.internal.Evaluation;
import io.millrace.proto.internal.File;
import io.millrace.proto.internal.MoveAlias;
import io.millrace.proto.internal.Promotion;
import io.millrace.proto.internal.PublishVersion;
import io.millrace.proto.internal.PutAdapter;
import io.millrace.proto.internal.PutRecipe;
import io.millrace.proto.internal.RecipePart;
import io.millrace.proto.internal.RegisterBase;
import io.millrace.proto.internal.RegistryRecord;
import io.millrace.proto.internal.RetireVersion;
import io.millrace.proto.internal.RollbackChampion;
import io.millrace.proto.internal.SetHold;
import io.millrace.proto.internal.SetPaused;
import java.util.List;
import java.util.Map;

/** Commands as tests write them. */
final class Commands {
    static final String BASE = Digest.of("base").hex();

    private Commands() {}

    /** The id of the version with this content. */
    static VersionId id(String content) {
        return VersionId.of(Digest.of(content));
    }

    static PublishVersion.Builder version(String adapter, String content) {
        return PublishVersion.newBuilder()
                .setAdapter(adapter)
                .setVersionId(id(content).hex())
                .setManifestSha256(Digest.of(content).hex())
                .setBaseId(BASE)
                .setRank(8)
                .setAlpha(16)
                .addAllTargetModules(List.of("q_proj", "v_proj"))
                .addFiles(file("millrace.json", content))
                .addFiles(file("adapter_model.safetensors", content + " weights"))
                .setRounds(3)
                .setExamples(96)
                .setEvaluation(Evaluation.newBuilder()
                        .setHeldoutExamples(4)
                        .setHeldoutLoss(1.5)
                        .setHeldoutLossBase(2.5)
                        .setTrainLoss(1.25));
    }

    static File file(String name, String content) {
        return File.newBuilder()
                .setName(name)
                .setSha256(Digest.of(content).hex())
                .setSizeBytes(content.length())
                .build();
    }

    static RegistryRecord publish(String commandId, PublishVersion.Builder version) {
        return record(commandId).setPublishVersion(version).build();
    }

    /** A version that the gate wants champion in place of the expected one. */
    static RegistryRecord promote(String commandId, PublishVersion.Builder version, String expectedChampion) {
        return publish(
                commandId,
                version.setPromotion(Promotion.newBuilder()
                        .setPromote(true)
                        .setExpectedChampion(expectedChampion)
                        .setReason("better")));
    }

    static RegistryRecord move(String commandId, String adapter, String alias, String target, String expected) {
        return record(commandId)
                .setMoveAlias(MoveAlias.newBuilder()
                        .setAdapter(adapter)
                        .setAlias(alias)
                        .setTargetVersionId(target)
                        .setExpectedVersionId(expected))
                .build();
    }

    static RegistryRecord delete(String commandId, String adapter, String alias, String expected) {
        return record(commandId)
                .setDeleteAlias(DeleteAlias.newBuilder()
                        .setAdapter(adapter)
                        .setAlias(alias)
                        .setExpectedVersionId(expected))
                .build();
    }

    static RegistryRecord settings(String commandId, String adapter, Map<String, String> settings) {
        return record(commandId)
                .setPutAdapter(PutAdapter.newBuilder().setAdapter(adapter).putAllSettings(settings))
                .build();
    }

    static RegistryRecord base(String commandId, String adapter, String base) {
        return record(commandId)
                .setPutAdapter(PutAdapter.newBuilder().setAdapter(adapter).setBaseId(base))
                .build();
    }

    static RegistryRecord retire(String commandId, String adapter, String version) {
        return record(commandId)
                .setRetireVersion(RetireVersion.newBuilder().setAdapter(adapter).setVersionId(version))
                .build();
    }

    static RegistryRecord hold(String commandId, String adapter, boolean hold) {
        return record(commandId)
                .setSetHold(SetHold.newBuilder().setAdapter(adapter).setHold(hold))
                .build();
    }

    static RegistryRecord pause(String commandId, String adapter, boolean paused) {
        return record(commandId)
                .setSetPaused(SetPaused.newBuilder().setAdapter(adapter).setPaused(paused))
                .build();
    }

    static RegistryRecord rollback(String commandId, String adapter, String expected) {
        return record(commandId)
                .setRollbackChampion(
                        RollbackChampion.newBuilder().setAdapter(adapter).setExpectedVersionId(expected))
                .build();
    }

    static RegistryRecord registerBase(String commandId, String name) {
        return record(commandId)
                .setRegisterBase(RegisterBase.newBuilder()
                        .setBaseId(Digest.of(name).hex())
                        .setName(name)
                        .setDescriptionJson("{}"))
                .build();
    }

    static RegistryRecord recipe(String commandId, String name, RecipePart... parts) {
        return record(commandId)
                .setPutRecipe(PutRecipe.newBuilder().setName(name).addAllParts(List.of(parts)))
                .build();
    }

    static RecipePart part(String adapter, String revision, double weight) {
        return RecipePart.newBuilder()
                .setAdapter(adapter)
                .setRevision(revision)
                .setWeight(weight)
                .build();
    }

    static RegistryRecord.Builder record(String commandId) {
        return RegistryRecord.newBuilder()
                .setCommandId(commandId)
                .setFoldVersion(RegistryState.FOLD_VERSION)
                .setActor("test");
    }
}
