package io.millrace.router;

import io.millrace.core.AdapterName;
import io.millrace.core.Digest;
import io.millrace.core.VersionId;
import io.millrace.proto.internal.File;
import io.millrace.proto.internal.MoveAlias;
import io.millrace.proto.internal.Promotion;
import io.millrace.proto.internal.PublishVersion;
import io.millrace.proto.internal.PutRecipe;
import io.millrace.proto.internal.RecipePart;
import io.millrace.proto.internal.RegistryRecord;
import io.millrace.proto.internal.RetireVersion;
import io.millrace.registry.AdapterEntry;
import io.millrace.registry.RegistryState;
import io.millrace.registry.RegistryView;
import io.millrace.registry.VersionEntry;
import java.time.Instant;
import java.util.List;
import java.util.function.Consumer;

/** A registry folded from commands in memory. */
public final class Fold {
    public static final Digest BASE = Digest.of("base");

    private RegistryState state = RegistryState.empty();
    private long offset;

    public RegistryView view() {
        return state;
    }

    /** Publishes a version that becomes champion where {@code promote} says so, or as the adapter's first. */
    public VersionEntry publish(String adapter, boolean promote) {
        return publish(adapter, promote, BASE);
    }

    public VersionEntry publish(String adapter, boolean promote, Digest base) {
        Digest manifest = Digest.of(adapter + "#" + offset);
        String champion = state.adapter(AdapterName.parse(adapter))
                .flatMap(AdapterEntry::champion)
                .map(VersionId::hex)
                .orElse("");
        apply(r -> r.setPublishVersion(PublishVersion.newBuilder()
                .setAdapter(adapter)
                .setVersionId(VersionId.of(manifest).hex())
                .setManifestSha256(manifest.hex())
                .setBaseId(base.hex())
                .addFiles(File.newBuilder()
                        .setName("millrace.json")
                        .setSha256(manifest.hex())
                        .setSizeBytes(1))
                .setRank(4)
                .setAlpha(8)
                .addAllTargetModules(List.of("q_proj"))
                .setPromotion(Promotion.newBuilder().setPromote(promote).setExpectedChampion(champion))));
        return version(adapter, VersionId.of(manifest).hex());
    }

    public void alias(String adapter, String alias, VersionEntry target) {
        apply(r -> r.setMoveAlias(MoveAlias.newBuilder()
                .setAdapter(adapter)
                .setAlias(alias)
                .setTargetVersionId(target.id().hex())
                .setUnconditional(true)));
    }

    public void retire(VersionEntry version) {
        apply(r -> r.setRetireVersion(RetireVersion.newBuilder()
                .setAdapter(version.adapter().toString())
                .setVersionId(version.id().hex())));
    }

    public void recipe(String name, RecipePart... parts) {
        apply(r -> r.setPutRecipe(PutRecipe.newBuilder().setName(name).addAllParts(List.of(parts))));
    }

    public static RecipePart part(String adapter, String revision, double weight) {
        return RecipePart.newBuilder()
                .setAdapter(adapter)
                .setRevision(revision)
                .setWeight(weight)
                .build();
    }

    public AdapterEntry adapter(String name) {
        return state.adapter(AdapterName.parse(name)).orElseThrow();
    }

    public VersionEntry version(String adapter, String revision) {
        return state.resolve(AdapterName.parse(adapter), revision);
    }

    private void apply(Consumer<RegistryRecord.Builder> command) {
        RegistryRecord.Builder record =
                RegistryRecord.newBuilder().setCommandId("c" + offset).setFoldVersion(1);
        command.accept(record);
        RegistryState.Step step = state.step(offset, Instant.ofEpochSecond(offset), record.build());
        step.outcome().error().ifPresent(e -> {
            throw new AssertionError(e + ": " + step.outcome().detail());
        });
        offset++;
        state = step.state();
    }
}
