package io.millrace.router;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millrace.core.AdapterWeights;
import io.millrace.core.LoraConfig;
import io.millrace.core.LoraPair;
import io.millrace.engine.base.Base;
import io.millrace.engine.base.BaseStore;
import io.millrace.engine.decode.Generation;
import io.millrace.engine.decode.GenerationRequest;
import io.millrace.engine.decode.Generator;
import io.millrace.engine.decode.LoadedAdapter;
import io.millrace.proto.internal.RegistryRecord;
import io.millrace.registry.CommandOutcome;
import io.millrace.registry.LogStatus;
import io.millrace.registry.RegistryLog;
import io.millrace.registry.RegistryView;
import io.millrace.registry.VersionEntry;
import io.millrace.router.generate.Engine;
import io.millrace.router.generate.Options;
import io.millrace.router.generate.Prompt;
import io.millrace.router.lease.AdapterCache;
import io.millrace.router.record.Decision;
import io.millrace.router.record.RecentDecisions;
import io.millrace.router.record.RecordLog;
import io.millrace.router.record.Recorder;
import io.millrace.router.select.BaseStep;
import io.millrace.router.select.CanaryStep;
import io.millrace.router.select.Chance;
import io.millrace.router.select.ExplicitStep;
import io.millrace.router.select.InlineStep;
import io.millrace.router.select.ModelRef;
import io.millrace.router.select.RecipeStep;
import io.millrace.router.select.RoutingRequest;
import io.millrace.router.select.Selector;
import io.millrace.router.select.ServableVersions;
import io.millrace.topics.KafkaSettings;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What generates is what the decision names: the same versions with the same weights, whatever was asked before. */
class AnswersTest {
    private static final Options OPTIONS =
            new Options(OptionalInt.of(3), List.of(), 0, 1, OptionalLong.empty(), false, 0);

    /** On the device there is room for two. */
    private static final long DEVICE_BYTES = 200;

    @TempDir
    static Path bases;

    private final Fold registry = new Fold();
    private final Map<AdapterWeights, VersionEntry> read = Collections.synchronizedMap(new IdentityHashMap<>());
    private final List<GenerationRequest> generated = new ArrayList<>();
    private final ExecutorService loaders = Executors.newFixedThreadPool(2);
    private Base nano;
    private Engine engine;
    private RecordLog records;
    private Answers answers;

    /** Device memory that knows whose it is. */
    private record OnDevice(VersionEntry version) implements LoadedAdapter {
        @Override
        public LoraConfig config() {
            return LoraConfig.defaults();
        }

        @Override
        public long sizeBytes() {
            return 100;
        }

        @Override
        public void close() {}
    }

    @BeforeEach
    void start() {
        nano = new BaseStore(bases).open("nano");
        engine = new Engine(() -> new Engine.Loaded(nano, new Noting()));
        engine.start();
        await().atMost(Duration.ofSeconds(30)).until(() -> engine.state() instanceof Engine.State.Ready);
        // Nothing listens there: records wait.
        KafkaSettings kafka = KafkaSettings.of("127.0.0.1:9");
        records = new RecordLog(kafka, new NoMetrics());
        AdapterCache cache = new AdapterCache(
                this::weights, weights -> new OnDevice(read.get(weights)), DEVICE_BYTES, loaders, new NoMetrics());
        ServableVersions versions =
                new ServableVersions((adapter, champion) -> champion, () -> Optional.of(Fold.BASE), () -> true);
        Selector selector = new Selector(List.of(
                new InlineStep(versions),
                new RecipeStep(versions),
                new CanaryStep(versions, new Chance(new Random(1), 0, 0.5)),
                new ExplicitStep(versions),
                new BaseStep()));
        answers = new Answers(
                new Log(),
                selector,
                cache::acquire,
                engine,
                new Recorder(records, new RecentDecisions(1_000), kafka.topics(), Clock.systemUTC()),
                new NoMetrics(),
                Clock.systemUTC(),
                () -> "decision " + generated.size(),
                new Answers.Limits(16, Duration.ofSeconds(10)));
    }

    @AfterEach
    void stop() throws InterruptedException {
        engine.close();
        records.close();
        loaders.shutdown();
    }

    private AdapterWeights weights(VersionEntry version) {
        AdapterWeights weights = AdapterWeights.of(
                LoraConfig.of(1, 2, 0, Set.of("q_proj")),
                Map.of("model.layers.0.self_attn.q_proj", new LoraPair(1, 2, 2, new float[2], new float[2])));
        read.put(weights, version);
        return weights;
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void whatGeneratesIsWhatTheDecisionNames(long seed) {
        // Given four adapters of two versions each, one with a canary, and a recipe
        SplittableRandom random = new SplittableRandom(seed);
        List<String> adapters = List.of("x/a", "x/b", "x/c", "x/d");
        for (String adapter : adapters) {
            registry.publish(adapter, true);
            registry.publish(adapter, random.nextBoolean());
        }
        registry.alias("x/d", "canary", registry.version("x/d", "v1"));
        registry.recipe(
                "x/mix", Fold.part("x/a", "v1", 0.5), Fold.part("x/b", "champion", -0.25), Fold.part("x/a", "v2", 1));

        for (int request = 0; request < 200; request++) {
            // When anything is asked, while versions come and champions move
            if (random.nextInt(10) == 0) {
                registry.publish(adapters.get(random.nextInt(4)), random.nextBoolean());
            }
            Decision decision =
                    answers.start(question(random, adapters), token -> {}).decision();

            // Then the generator was given what the decision says, in this order, with these weights
            GenerationRequest given = generated.get(request);
            assertThat(given.adapters().stream()
                            .map(a -> part(((OnDevice) a.adapter()).version(), a.weight()))
                            .toList())
                    .isEqualTo(decision.adapters().stream()
                            .map(p -> p.name() + "@" + p.version() + "=" + (float) p.weight())
                            .toList());
        }
        assertThat(generated)
                .anyMatch(g -> g.adapters().isEmpty())
                .anyMatch(g -> g.adapters().size() == 3);
    }

    private static String part(VersionEntry version, float weight) {
        return version.adapter() + "@" + version.id().hex() + "=" + weight;
    }

    private static Answers.Question question(SplittableRandom random, List<String> adapters) {
        String adapter = adapters.get(random.nextInt(4));
        List<RoutingRequest.Inline> inline = new ArrayList<>();
        String model =
                switch (random.nextInt(6)) {
                    case 0 -> "base";
                    case 1 -> adapter;
                    case 2 -> adapter + "@v" + (1 + random.nextInt(2));
                    case 3 -> adapter + "@latest";
                    case 4 -> "recipe:x/mix";
                    default -> {
                        for (int i = random.nextInt(3); i >= 0; i--) {
                            inline.add(new RoutingRequest.Inline(
                                    ModelRef.adapter(adapters.get(random.nextInt(4)) + "@v" + (1 + random.nextInt(2))),
                                    1 + random.nextInt(4)));
                        }
                        yield "auto";
                    }
                };
        return new Answers.Question(
                model, new RoutingRequest(ModelRef.parse(model), inline, "say"), new Prompt.Text("say"), OPTIONS);
    }

    /** Notes what it is asked for, and generates nothing. */
    private final class Noting implements Generator {
        @Override
        public LoadedAdapter load(AdapterWeights weights) {
            return new OnDevice(read.get(weights));
        }

        @Override
        public Generation submit(GenerationRequest request, Generation.TokenListener listener) {
            generated.add(request);
            return new Generation() {
                @Override
                public CompletableFuture<Result> result() {
                    return CompletableFuture.completedFuture(new Result("", List.of(), FinishReason.LENGTH, 1));
                }

                @Override
                public void cancel() {}
            };
        }

        @Override
        public int activeRows() {
            return 0;
        }

        @Override
        public void close() {}
    }

    /** The fold as it is now. */
    private final class Log implements RegistryLog {
        @Override
        public RegistryView view() {
            return registry.view();
        }

        @Override
        public CompletableFuture<CommandOutcome> submit(RegistryRecord command) {
            throw new UnsupportedOperationException();
        }

        @Override
        public RegistryView await(long offset, Duration atMost) {
            throw new UnsupportedOperationException();
        }

        @Override
        public AutoCloseable onChange(Consumer<RegistryView> listener) {
            throw new UnsupportedOperationException();
        }

        @Override
        public boolean ready() {
            return true;
        }

        @Override
        public LogStatus status() {
            throw new UnsupportedOperationException();
        }

        @Override
        public void close() {}
    }
}
