package io.millrace.registry.service.grpc;

import io.millrace.core.Digest;
import io.millrace.core.VersionId;
import io.millrace.proto.registry.v1.Adapter;
import io.millrace.proto.registry.v1.File;
import io.millrace.proto.registry.v1.Version;
import io.millrace.proto.registry.v1.WatchResponse;
import io.millrace.registry.AdapterEntry;
import io.millrace.registry.RegistryChange;
import io.millrace.registry.VersionEntry;
import java.util.Locale;

/** What the registry holds, as messages. */
final class Messages {
    private Messages() {}

    static Version version(VersionEntry v) {
        Version.Builder version = Version.newBuilder()
                .setAdapter(v.adapter().toString())
                .setId(v.id().hex())
                .setOrdinal(v.ordinal())
                .setManifestSha256(v.manifest().hex())
                .setBaseId(v.baseId())
                .setParentId(v.parent().map(VersionId::hex).orElse(""))
                .setRank(v.rank())
                .setAlpha(v.alpha())
                .addAllTargetModules(v.targetModules())
                .setRounds(v.rounds())
                .setExamples(v.examples())
                .setPrototypesSha256(v.prototypes().map(Digest::hex).orElse(""))
                .setPromotionReason(v.promotionReason())
                .setRetired(v.retired())
                .setPublishedAtMs(v.publishedAt().toEpochMilli())
                .setPublishedOffset(v.offset());
        v.files()
                .forEach(f -> version.addFiles(File.newBuilder()
                        .setName(f.name())
                        .setSha256(f.sha256().hex())
                        .setSizeBytes(f.sizeBytes())));
        return version.build();
    }

    static Adapter adapter(AdapterEntry a) {
        Adapter.Builder adapter = Adapter.newBuilder()
                .setName(a.name().toString())
                .setBaseId(a.baseId().orElse(""))
                .setVersions(a.versions().size())
                .setHold(a.hold())
                .setPaused(a.paused());
        a.aliases().forEach((alias, id) -> adapter.putAliases(alias, id.hex()));
        return adapter.build();
    }

    static WatchResponse change(RegistryChange c) {
        return WatchResponse.newBuilder()
                .setOffset(c.offset())
                .setAtMs(c.at().toEpochMilli())
                .setKind(c.kind().name().toLowerCase(Locale.ROOT))
                .setName(c.name())
                .setWhat(c.what())
                .build();
    }
}
