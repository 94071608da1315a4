package io.millrace.trainer.publish;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.millrace.core.AdapterName;
import io.millrace.core.AdapterSettings;
import io.millrace.core.AdapterWeights;
import io.millrace.core.ExampleParser;
import io.millrace.core.VersionId;
import io.millrace.embedding.TextEmbedder;
import io.millrace.proto.internal.CuratedExample;
import io.millrace.proto.internal.JournalRecord;
import io.millrace.proto.internal.RegistryRecord;
import io.millrace.proto.internal.SetHold;
import io.millrace.proto.internal.VersionCut;
import io.millrace.registry.AdapterEntry;
import io.millrace.registry.RegistryState;
import io.millrace.registry.VersionEntry;
import io.millrace.store.MemoryBlobStore;
import io.millrace.trainer.Engines;
import io.millrace.trainer.observe.Reward;
import io.millrace.trainer.train.Archives;
import io.millrace.trainer.train.Examples;
import io.millrace.trainer.train.LocalLine;
import io.millrace.trainer.worker.Engine;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Versions of a line that is trained on nano, with the registry's fold in memory. */
class CutVersionTest {
    private static final AdapterName ADAPTER = AdapterName.parse("acme/a");

    @TempDir
    static Path directory;

    private static Engine engine;
    private static TextEmbedder embedder;

    private final MemoryBlobStore store = new MemoryBlobStore();
    private final Archives archives = new Archives(store);
    private final Examples examples = new Examples(new ExampleParser(1 << 20)::parse, engine.encoder());
    private final Map<String, Reward> rewards = new HashMap<>();
    private final ChampionGuard guard = new ChampionGuard(scope -> Optional.ofNullable(rewards.get(scope)));
    private RegistryState registry = RegistryState.empty();
    private int produced;

    @BeforeAll
    static void open() {
        engine = new Engines(directory, "nano", "cpu", 1, "f32").open();
        embedder = new TextEmbedder(1);
    }

    @AfterAll
    static void close() {
        engine.close();
        embedder.close();
    }

    private LocalLine line(AdapterSettings settings) {
        return new LocalLine(ADAPTER, settings, engine.base(), engine.model(), examples, archives);
    }

    /** Prompts with one right answer each; every third is held out, unless the answers are shuffled. */
    private List<CuratedExample> stream(int count, boolean shuffled) {
        List<CuratedExample> stream = new ArrayList<>();
        for (int i = produced; i < produced + count; i++) {
            int answer = shuffled ? i * 7919 % 5 : i % 5;
            stream.add(CuratedExample.newBuilder()
                    .setAdapter(ADAPTER.toString())
                    .setExampleId("e" + i)
                    .setHeldOut(!shuffled && i % 3 == 0)
                    .setRecord(ByteString.copyFrom(
                            "{\"adapter\":\"acme/a\",\"prompt\":\"what is " + i % 5 + " of " + i
                                    + "\",\"completion\":\"answer " + "abcde".charAt(answer) + "\"}",
                            StandardCharsets.UTF_8))
                    .build());
        }
        produced += count;
        return stream;
    }

    private VersionEntry cut(LocalLine line, AdapterSettings settings) {
        CutVersion cut = CutVersion.of(
                store,
                engine.model(),
                engine.base(),
                examples,
                archives,
                new Prototyping(() -> embedder, examples, archives),
                () -> registry,
                guard,
                30,
                "test");
        VersionCut version = cut.cut(ADAPTER, line.fold().orElseThrow(), settings, line.trainer(), "test");
        line.apply(JournalRecord.newBuilder().setVersionCut(version));
        apply(version.getCommand());
        return registry.version(ADAPTER, new VersionId(version.getVersionId())).orElseThrow();
    }

    private void apply(RegistryRecord command) {
        registry = registry.apply(registry.offset() + 1, Instant.EPOCH, command);
    }

    private AdapterEntry entry() {
        return registry.adapter(ADAPTER).orElseThrow();
    }

    /** Forty scores, that many of them 1, the others 0. */
    private void rewarded(VersionEntry version, int good) {
        rewards.put(
                ADAPTER + "@" + version.id().hex(),
                new Reward(ADAPTER + "@" + version.id().hex(), 40, good, good));
    }

    private VersionId champion() {
        return registry.adapter(ADAPTER).flatMap(AdapterEntry::champion).orElseThrow();
    }

    @Test
    void anUpdateOnShuffledAnswersDoesNotBecomeChampion() {
        AdapterSettings settings = AdapterSettings.of(Map.of("lr", "0.01", "rank", "8"));
        try (LocalLine line = line(settings)) {
            line.train(stream(240, false));
            VersionEntry good = cut(line, settings);
            line.train(stream(240, false));
            VersionEntry better = cut(line, settings);
            assertThat(champion()).isEqualTo(better.id());

            line.train(stream(96, true));
            VersionEntry bad = cut(line, settings);

            assertThat(champion()).isEqualTo(better.id());
            assertThat(bad.promotionReason()).contains("set: loss");
            assertThat(bad.evaluation().comparisons())
                    .filteredOn(c -> c.verdict().equals("fails"))
                    .isNotEmpty()
                    .allSatisfy(c -> assertThat(c.worseShare()).isGreaterThanOrEqualTo(0.95));
            assertThat(better.evaluation().comparisons())
                    .extracting(VersionEntry.Comparison::verdict)
                    .containsExactly("passes", "passes");
            assertThat(better.evaluation().resamples()).isEqualTo(1000);
            assertThat(good.promotionReason()).isEqualTo("first version");
        }
    }

    @Test
    void aChampionWhoseRewardsFellIsRolledBackOnceAndPromotionIsHeld() {
        AdapterSettings settings = AdapterSettings.of(Map.of("rank", "8"));
        try (LocalLine line = line(settings)) {
            line.train(stream(32, false));
            VersionEntry first = cut(line, settings);
            line.train(stream(32, false));
            VersionEntry second = cut(line, settings);
            assertThat(champion()).isEqualTo(second.id());
            rewarded(first, 36);
            rewarded(second, 33);
            assertThat(guard.due(registry, ADAPTER, "test"))
                    .as("within the noise")
                    .isEmpty();

            rewarded(second, 16);
            apply(guard.due(registry, ADAPTER, "test").orElseThrow());

            assertThat(champion()).isEqualTo(first.id());
            assertThat(entry().hold()).isTrue();
            assertThat(registry.history(ADAPTER)
                            .get(registry.history(ADAPTER).size() - 1)
                            .cause())
                    .contains("online rewards fell from 0.900 (40 scores) to 0.400");
            line.train(stream(32, false));
            assertThat(cut(line, settings).promotionReason()).startsWith("held");
            assertThat(champion()).isEqualTo(first.id());
            assertThat(guard.due(registry, ADAPTER, "test")).isEmpty();

            apply(RegistryRecord.newBuilder()
                    .setCommandId("release")
                    .setSetHold(SetHold.newBuilder().setAdapter(ADAPTER.toString()))
                    .build());
            line.train(stream(32, false));
            VersionEntry fourth = cut(line, settings);
            assertThat(champion()).isEqualTo(fourth.id());
        }
    }

    @Test
    void aChampionThatLostOnTheReferenceSetIsRolledBack() {
        AdapterSettings open = AdapterSettings.of(
                Map.of("lr", "0.01", "rank", "8", "gate.tolerance", "off", "gate.reference-tolerance", "off"));
        try (LocalLine line = line(open)) {
            line.train(stream(480, false));
            VersionEntry good = cut(line, open);
            line.train(stream(96, true));
            VersionEntry bad = cut(line, open);
            assertThat(champion()).as("no set was asked").isEqualTo(bad.id());
            assertThat(guard.due(registry, ADAPTER, "test")).isEmpty();

            line.train(stream(8, false));
            assertThat(cut(line, open).promotionReason()).contains("is rolled back");
            assertThat(champion()).isEqualTo(bad.id());
            apply(guard.due(registry, ADAPTER, "test").orElseThrow());

            assertThat(champion()).isEqualTo(good.id());
            assertThat(entry().hold()).isTrue();
            assertThat(guard.due(registry, ADAPTER, "test")).isEmpty();
        }
    }

    @Test
    void aVersionIsMadeOfTheAverageWhereOneIsKept() {
        AdapterSettings settings = AdapterSettings.of(Map.of("average", "0.9", "rank", "8"));
        try (LocalLine line = line(settings)) {
            line.train(stream(96, false));
            VersionEntry version = cut(line, settings);

            AdapterWeights published = new VersionFiles(store, engine.base()).read(version);
            assertThat(published.modules())
                    .isEqualTo(line.trainer().average().orElseThrow().modules());
            assertThat(published.modules())
                    .isNotEqualTo(line.trainer().weights().modules());
        }
    }
}
