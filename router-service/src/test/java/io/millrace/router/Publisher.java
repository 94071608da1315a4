package io.millrace.router;

import static org.awaitility.Awaitility.await;

import io.millrace.core.AdapterName;
import io.millrace.core.AdapterWeights;
import io.millrace.core.BaseDescription;
import io.millrace.core.Digest;
import io.millrace.core.LoraConfig;
import io.millrace.core.LoraPair;
import io.millrace.core.ModuleShape;
import io.millrace.core.peft.PeftDirectory;
import io.millrace.embedding.Prototypes;
import io.millrace.embedding.TextEmbedder;
import io.millrace.engine.base.Base;
import io.millrace.engine.base.BaseStore;
import io.millrace.proto.internal.File;
import io.millrace.proto.internal.MoveAlias;
import io.millrace.proto.internal.Promotion;
import io.millrace.proto.internal.PublishVersion;
import io.millrace.proto.internal.PutRecipe;
import io.millrace.proto.internal.RecipePart;
import io.millrace.proto.internal.RegistryRecord;
import io.millrace.proto.internal.RetireVersion;
import io.millrace.registry.AdapterEntry;
import io.millrace.registry.CommandOutcome;
import io.millrace.registry.KafkaRegistryLog;
import io.millrace.registry.SnapshotStore;
import io.millrace.registry.VersionEntry;
import io.millrace.store.BlobStore;
import io.millrace.store.S3BlobStore;
import io.millrace.store.S3Settings;
import io.millrace.topics.KafkaSettings;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.eclipse.microprofile.config.ConfigProvider;

/** Publishes hand-made versions as the trainer does: blobs first, then the command. */
final class Publisher implements AutoCloseable {
    private static final Set<String> TARGETS = Set.of("q_proj", "v_proj", "down_proj");

    private final BlobStore store;
    private final KafkaRegistryLog registry;
    private final BaseDescription base;

    Publisher() {
        store = new S3BlobStore(S3Settings.of(
                URI.create(config("millrace.s3.endpoint")),
                config("millrace.s3.access-key"),
                config("millrace.s3.secret-key"),
                config("millrace.s3.bucket"),
                "us-east-1"));
        registry = KafkaRegistryLog.start(kafka(), SnapshotStore.none());
        // A champion is moved by compare-and-set: what there is must be known first.
        await().atMost(Duration.ofSeconds(60)).until(registry::ready);
        try (Base nano = new BaseStore(Path.of(config("millrace.data-dir"), "bases")).open("nano")) {
            base = nano.description();
        }
    }

    static KafkaSettings kafka() {
        return new KafkaSettings(
                config("millrace.kafka.bootstrap-servers"),
                KafkaSettings.DEFAULT_PREFIX,
                Integer.parseInt(config("millrace.kafka.partitions")),
                Map.of());
    }

    static String config(String key) {
        return ConfigProvider.getConfig().getValue(key, String.class);
    }

    BaseDescription base() {
        return base;
    }

    /** A version with random weights; it becomes champion where {@code promote} says so, or as the first. */
    VersionEntry publish(String adapter, long seed, boolean promote, String... prompts) {
        return publish(adapter, version(adapter, seed), promote, prompts);
    }

    PeftDirectory.Version version(String adapter, long seed) {
        return PeftDirectory.version(AdapterName.parse(adapter), base, weights(seed), PeftDirectory.Lineage.none());
    }

    VersionEntry publish(String adapter, PeftDirectory.Version version, boolean promote, String... prompts) {
        PublishVersion.Builder command = PublishVersion.newBuilder()
                .setAdapter(adapter)
                .setVersionId(version.id().hex())
                .setManifestSha256(version.manifest().digest().hex())
                .setBaseId(version.manifest().base().hex())
                .setRank(4)
                .setAlpha(8)
                .addAllTargetModules(TARGETS.stream().sorted().toList())
                .setPromotion(Promotion.newBuilder()
                        .setPromote(promote)
                        .setExpectedChampion(registry.view()
                                .adapter(AdapterName.parse(adapter))
                                .flatMap(AdapterEntry::champion)
                                .map(Object::toString)
                                .orElse("")));
        version.files().forEach((name, content) -> {
            Digest digest = store.put(content);
            command.addFiles(
                    File.newBuilder().setName(name).setSha256(digest.hex()).setSizeBytes(content.length));
        });
        if (prompts.length > 0) {
            command.setPrototypesSha256(store.put(prototypes(prompts)).hex());
        }
        submit(r -> r.setPublishVersion(command));
        return registry.view().resolve(AdapterName.parse(adapter), version.id().hex());
    }

    private static byte[] prototypes(String... prompts) {
        try (TextEmbedder embedder = new TextEmbedder(1)) {
            return Prototypes.fit(embedder.embedAll(List.of(prompts)), 1).encode();
        }
    }

    private AdapterWeights weights(long seed) {
        Random random = new Random(seed);
        Map<String, LoraPair> modules = new TreeMap<>();
        for (ModuleShape module : base.linearModules()) {
            if (TARGETS.contains(module.suffix())) {
                modules.put(
                        module.path(),
                        new LoraPair(
                                4,
                                module.in(),
                                module.out(),
                                gaussian(random, 4 * module.in()),
                                gaussian(random, module.out() * 4)));
            }
        }
        return AdapterWeights.of(LoraConfig.of(4, 8, 0, TARGETS), modules);
    }

    private static float[] gaussian(Random random, int length) {
        float[] values = new float[length];
        for (int i = 0; i < length; i++) {
            values[i] = 0.3f * (float) random.nextGaussian();
        }
        return values;
    }

    void alias(String adapter, String alias, VersionEntry target) {
        submit(r -> r.setMoveAlias(MoveAlias.newBuilder()
                .setAdapter(adapter)
                .setAlias(alias)
                .setTargetVersionId(target.id().hex())
                .setUnconditional(true)));
    }

    void retire(VersionEntry version) {
        submit(r -> r.setRetireVersion(RetireVersion.newBuilder()
                .setAdapter(version.adapter().toString())
                .setVersionId(version.id().hex())));
    }

    void recipe(String name, RecipePart... parts) {
        submit(r -> r.setPutRecipe(PutRecipe.newBuilder().setName(name).addAllParts(List.of(parts))));
    }

    private void submit(Consumer<RegistryRecord.Builder> command) {
        RegistryRecord.Builder record = RegistryRecord.newBuilder()
                .setCommandId(UUID.randomUUID().toString())
                .setActor("test");
        command.accept(record);
        try {
            CommandOutcome outcome = null;
            for (long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30); outcome == null; ) {
                try {
                    outcome = registry.submit(record.build()).get(30, TimeUnit.SECONDS);
                } catch (java.util.concurrent.ExecutionException e) { // the log isn't there yet
                    if (System.nanoTime() > end) {
                        throw new AssertionError(e);
                    }
                }
            }
            if (outcome.error().isPresent()) {
                throw new AssertionError(outcome);
            }
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    @Override
    public void close() {
        registry.close();
        store.close();
    }
}
