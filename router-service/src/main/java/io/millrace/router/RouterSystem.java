package io.millrace.router;

import io.millrace.core.Digest;
import io.millrace.embedding.RoutingRule;
import io.millrace.embedding.TextEmbedder;
import io.millrace.registry.KafkaRegistryLog;
import io.millrace.registry.LogStatus;
import io.millrace.registry.VersionEntry;
import io.millrace.router.generate.Engine;
import io.millrace.router.lease.AdapterCache;
import io.millrace.router.lease.Champions;
import io.millrace.router.lease.Lease;
import io.millrace.router.lease.VersionLoader;
import io.millrace.router.lease.WeightsCache;
import io.millrace.router.record.DecisionTail;
import io.millrace.router.record.RecentDecisions;
import io.millrace.router.record.RecordLog;
import io.millrace.router.record.Recorder;
import io.millrace.router.select.BaseStep;
import io.millrace.router.select.CanaryStep;
import io.millrace.router.select.Chance;
import io.millrace.router.select.ExplicitStep;
import io.millrace.router.select.InlineStep;
import io.millrace.router.select.PrototypeIndex;
import io.millrace.router.select.PrototypeStep;
import io.millrace.router.select.RecipeStep;
import io.millrace.router.select.Selector;
import io.millrace.router.select.ServableVersions;
import io.millrace.store.BlobStore;
import io.millrace.store.CachingBlobStore;
import io.millrace.store.StoreProbe;
import io.millrace.topics.KafkaSettings;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The router's parts, put together: what starts, in what order, and what stops. Nothing here waits. */
public final class RouterSystem implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RouterSystem.class);
    private static final int LOADERS = 2;
    private static final Duration PROBE_PERIOD = Duration.ofSeconds(5);

    private final KafkaRegistryLog registry;
    private final Engine engine;
    private final TextEmbedder embedder;
    private final ExecutorService loaders;
    private final AdapterCache cache;
    private final Champions champions;
    private final RegistryFollower follower;
    private final RecordLog records;
    private final DecisionTail decisions;
    private final TopicsReady topics;
    private final StoreProbe probe;
    private final BlobStore store;
    private final Answers answers;
    private final Recorder recorder;
    private final ModelCatalogue catalogue;

    /** @param opener opens base and generator */
    RouterSystem(
            RouterConfig config,
            KafkaSettings kafka,
            BlobStore store,
            Engine.Opener opener,
            RouterMetrics metrics,
            Clock clock,
            RandomGenerator random) {
        this.store = store;
        RouterConfig.Router settings = config.router();
        BlobStore cached = new CachingBlobStore(store, config.dataDir().resolve("router-cache"), settings.diskBytes());
        Function<Digest, byte[]> blobs = cached::get;

        registry = new KafkaRegistryLog(kafka, new ReadOnlySnapshots(store), Integer.MAX_VALUE);
        engine = new Engine(opener);
        embedder = new TextEmbedder(1);
        AtomicInteger number = new AtomicInteger();
        loaders = Executors.newFixedThreadPool(LOADERS, task -> {
            Thread thread = new Thread(task, "router-loader-" + number.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        });
        cache = new AdapterCache(
                new WeightsCache(
                        new VersionLoader(blobs, () -> engine.loaded().base().description()), settings.hostBytes()),
                weights -> engine.loaded().generator().load(weights),
                settings.deviceBytes(),
                loaders,
                metrics);
        Function<VersionEntry, CompletableFuture<Lease>> leases = cache::acquire;
        champions = new Champions(leases, clock, metrics);
        PrototypeIndex prototypes = new PrototypeIndex(blobs);
        follower = new RegistryFollower(registry, champions, prototypes);

        ServableVersions versions = new ServableVersions(champions, engine::baseId, follower::caughtUp);
        Chance chance = new Chance(random, settings.exploration(), settings.canaryShare());
        Selector selector = selector(settings, versions, prototypes, embedder, chance);

        topics = new TopicsReady(kafka);
        records = new RecordLog(kafka, metrics);
        RecentDecisions recent = new RecentDecisions(settings.rememberedDecisions());
        decisions = new DecisionTail(kafka, recent, settings.rememberedDecisions());
        recorder = new Recorder(records, recent, kafka.topics(), clock);
        probe = new StoreProbe(store, PROBE_PERIOD);
        answers = new Answers(
                registry,
                selector,
                leases,
                engine,
                recorder,
                metrics,
                clock,
                () -> UUID.randomUUID().toString(),
                new Answers.Limits(settings.maxTokens(), settings.loadTimeout()));
        catalogue = new ModelCatalogue(registry, versions, config.base());
        metrics.intGauge("millrace.router.rows.active", "Requests that decode now", engine::activeRows);
        metrics.intGauge("millrace.router.queue", "Requests that wait for a row", engine::queuedRequests);
    }

    private static Selector selector(
            RouterConfig.Router settings,
            ServableVersions versions,
            PrototypeIndex prototypes,
            TextEmbedder embedder,
            Chance chance) {
        RoutingRule standard = RoutingRule.defaults();
        RoutingRule rule = new RoutingRule(
                settings.routingTemperature(),
                settings.abstainLevel(),
                standard.unrelatedCosine(),
                standard.relatedCosine());
        CanaryStep canary = new CanaryStep(versions, chance);
        return new Selector(List.of(
                new InlineStep(versions),
                new RecipeStep(versions),
                canary,
                new ExplicitStep(versions),
                new PrototypeStep(versions, prototypes, embedder::embed, rule, settings.blendShare(), canary, chance),
                new BaseStep()));
    }

    void start() {
        topics.start();
        registry.start();
        records.start();
        decisions.start();
        probe.start();
        follower.start();
        engine.start();
    }

    public Answers answers() {
        return answers;
    }

    public Recorder recorder() {
        return recorder;
    }

    public ModelCatalogue catalogue() {
        return catalogue;
    }

    /** What is missing before requests can be answered, by part; empty when nothing is. */
    Map<String, String> missing() {
        Map<String, String> missing = new TreeMap<>();
        if (engine.state() instanceof Engine.State.Opening opening) {
            missing.put("base", opening.detail());
        }
        if (!registry.ready() || !follower.caughtUp()) {
            missing.put("registry", registry.status().detail());
        }
        topics.problem().ifPresent(p -> missing.put("kafka", p));
        probe.problem().ifPresent(p -> missing.put("store", p));
        return missing;
    }

    /** What doesn't keep requests from being answered, by part: Kafka can be away once the registry was read. */
    Map<String, String> impaired() {
        return registry.status() instanceof LogStatus.Disconnected disconnected
                ? Map.of("kafka", disconnected.detail())
                : Map.of();
    }

    /** Adapters answered by an older version, and why. */
    Map<String, String> behind() {
        return champions.behind();
    }

    /** The base's id once it is open. */
    Optional<Digest> baseId() {
        return engine.baseId();
    }

    @Override
    public void close() {
        for (AutoCloseable part : List.of(
                follower,
                probe,
                topics,
                decisions,
                this::closeLoaders,
                cache,
                engine,
                records,
                registry,
                embedder,
                store)) {
            try {
                part.close();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } catch (Exception e) { // each part is closed whatever became of the others
                LOG.warn("closing {} failed", part.getClass().getSimpleName(), e);
            }
        }
    }

    private void closeLoaders() throws InterruptedException {
        loaders.shutdown();
        if (!loaders.awaitTermination(30, TimeUnit.SECONDS)) {
            loaders.shutdownNow();
        }
    }
}
