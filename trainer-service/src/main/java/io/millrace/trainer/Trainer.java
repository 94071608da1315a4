package io.millrace.trainer;

import io.millrace.core.AdapterName;
import io.millrace.core.AdapterSettings;
import io.millrace.core.ExampleParser;
import io.millrace.embedding.TextEmbedder;
import io.millrace.registry.AdapterEntry;
import io.millrace.registry.RegistryLog;
import io.millrace.registry.RegistryView;
import io.millrace.registry.Revisions;
import io.millrace.registry.VersionEntry;
import io.millrace.store.BlobStore;
import io.millrace.topics.KafkaSettings;
import io.millrace.topics.Topics;
import io.millrace.trainer.curate.AssignHeldOut;
import io.millrace.trainer.curate.Curate;
import io.millrace.trainer.curate.Foresight;
import io.millrace.trainer.curate.Parse;
import io.millrace.trainer.desk.Cuts;
import io.millrace.trainer.desk.JobDesk;
import io.millrace.trainer.desk.JobOrders;
import io.millrace.trainer.job.DeviceTurns;
import io.millrace.trainer.job.JobStatus;
import io.millrace.trainer.job.Jobs;
import io.millrace.trainer.job.SharedEngine;
import io.millrace.trainer.observe.Observe;
import io.millrace.trainer.observe.RewardTail;
import io.millrace.trainer.outcome.DeadLetterTopic;
import io.millrace.trainer.proof.OtherBases;
import io.millrace.trainer.proof.ProofContext;
import io.millrace.trainer.proof.SeenBy;
import io.millrace.trainer.proof.VersionRounds;
import io.millrace.trainer.publish.ChampionGuard;
import io.millrace.trainer.streams.TopologyRunner;
import io.millrace.trainer.worker.AdapterStatus;
import io.millrace.trainer.worker.Engine;
import io.millrace.trainer.worker.Progress;
import io.millrace.trainer.worker.WorkerLoop;
import io.millrace.trainer.worker.WorkerSettings;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
import java.util.function.Supplier;

/** The whole trainer: a curator, a worker and an observer over one Kafka, store and registry. */
public final class Trainer implements AutoCloseable {
    private static final Duration CURATED_WITHIN = Duration.ofMillis(100);
    private static final Duration OBSERVED_WITHIN = Duration.ofSeconds(1);

    private final TopologyRunner curator;
    private final TopologyRunner observer;
    private final RewardTail rewards;
    private final WorkerLoop worker;
    private final Progress progress;
    private final String workerId;
    private final RegistryLog registry;
    private final SharedEngine engine;
    private final ProofContext proofs;
    private final JobDesk desk;
    private final JobOrders orders;
    private final Cuts cuts;
    private final Foresight foresight;
    private final Jobs jobs = new Jobs();

    /**
     * How a trainer behaves.
     *
     * @param dedupeWindow in which an id names one content
     * @param createOnFirstUse whether an example of an unknown adapter creates it
     * @param stateDirectory of the topologies
     */
    public record Settings(
            WorkerSettings worker, Duration dedupeWindow, boolean createOnFirstUse, Path stateDirectory) {}

    /**
     * Starts nothing yet; the caller closes store and registry.
     *
     * @param engines opens the base; called again while it fails
     * @param bases that adapters can be rebuilt on
     * @param embedders opens the sentence embedder when the first version is cut
     */
    public Trainer(
            KafkaSettings kafka,
            BlobStore store,
            RegistryLog registry,
            Supplier<Engine> engines,
            OtherBases bases,
            Supplier<TextEmbedder> embedders,
            Settings settings,
            Progress.Meters meters,
            Clock clock) {
        this.progress = new Progress(meters);
        this.workerId = settings.worker().workerId();
        this.registry = registry;
        this.engine = new SharedEngine(engines, DeviceTurns.defaults());
        this.rewards = new RewardTail(kafka);
        this.worker = new WorkerLoop(
                kafka,
                store,
                registry,
                engine::live,
                embedders,
                settings.worker(),
                new ChampionGuard(rewards::of),
                progress,
                clock);
        this.proofs = new ProofContext(
                kafka,
                store,
                registry,
                engine::background,
                id -> engine.background(bases.open(id)),
                embedders,
                worker,
                new ChampionGuard(rewards::of),
                settings.worker().minHeldOut(),
                workerId);
        Predicate<AdapterName> trainedHere = adapter -> partitions().contains(proofs.partition(adapter));
        this.desk = new JobDesk(proofs, jobs, trainedHere, () -> ready() && registry.ready(), clock);
        this.cuts = new Cuts(proofs, trainedHere, clock);
        this.orders = new JobOrders(proofs, bases, jobs, desk);
        Predicate<AdapterName> known = adapter ->
                settings.createOnFirstUse() || registry.view().adapter(adapter).isPresent();
        Parse parse = new Parse(new ExampleParser(Topics.MAX_EXAMPLE_BYTES)::parse, known, AssignHeldOut.ONE_IN_FIFTY);
        this.foresight = new Foresight(
                parse,
                () -> ProofContext.examples(proofs.engine().get()),
                adapter -> registry.view()
                        .adapter(adapter)
                        .map(AdapterEntry::settings)
                        .orElseGet(AdapterSettings::defaults),
                worker::takenOut);
        Curate curate = new Curate(
                kafka.topics(), kafka.partitions(), parse, settings.dedupeWindow(), () -> new DeadLetterTopic(kafka));
        String instanceId = settings.worker().workerId();
        this.curator = curate.runner(kafka, CURATED_WITHIN, settings.stateDirectory(), instanceId);
        Observe observe = new Observe(kafka.topics(), kafka.partitions());
        this.observer = new TopologyRunner(
                "observer", kafka, observe::topology, OBSERVED_WITHIN, settings.stateDirectory(), instanceId);
    }

    public void start() {
        curator.start();
        worker.start();
        observer.start();
        rewards.start();
        desk.start();
    }

    public String workerId() {
        return workerId;
    }

    public List<AdapterStatus> adapters() {
        return progress.adapters();
    }

    /** Partitions of the curated examples that this trainer has now, their journal read. */
    public Set<Integer> partitions() {
        return progress.partitions();
    }

    /** Completes with whether the adapter is trained here; a version of all it has waiting now is then due. */
    public CompletableFuture<Boolean> requestCut(AdapterName adapter) {
        return worker.requestCut(adapter);
    }

    /** Versions that are asked for, whichever worker trains the adapter. */
    public Cuts cuts() {
        return cuts;
    }

    /** What this trainer itself does. */
    public Jobs jobs() {
        return jobs;
    }

    /** What was asked for, at whichever trainer's door. */
    public JobDesk jobDesk() {
        return desk;
    }

    /**
     * Has a version computed again and compared.
     *
     * @param fromGenesis with all rounds before it, not its own alone
     * @throws io.millrace.core.MillraceException {@code unknown_adapter}, {@code unknown_revision}
     */
    public JobStatus verify(AdapterName adapter, String revision, boolean fromGenesis) {
        return orders.verify(registry.view().resolve(adapter, revision), fromGenesis);
    }

    /**
     * Has a version measured on examples that are neither trained nor kept.
     *
     * @param records the examples' JSON, at least one
     * @throws io.millrace.core.MillraceException {@code unknown_adapter}, {@code unknown_revision}
     */
    public JobStatus eval(AdapterName adapter, String revision, List<String> records) {
        return orders.eval(registry.view().resolve(adapter, revision), records);
    }

    /**
     * Has a version made of recorded rounds, without some examples or with other settings.
     *
     * @param revision that it is rebuilt from; the latest version that was trained here where none is named
     * @param without ids of examples
     * @param settings by their keys; {@code base} names another base to train on
     * @param replace whether live training shall go on from it
     * @throws io.millrace.core.MillraceException {@code unknown_adapter}, {@code unknown_revision}, {@code bad_setting},
     *     {@code unknown_base}, {@code wrong_base} (live training can't go on on another base)
     */
    public JobStatus rebuild(
            AdapterName adapter,
            Optional<String> revision,
            Set<String> without,
            Map<String, String> settings,
            boolean replace) {
        RegistryView view = registry.view();
        VersionEntry from =
                revision.map(named -> view.resolve(adapter, named)).orElseGet(() -> latestTrained(view, adapter));
        return orders.rebuild(from, without, settings, replace);
    }

    /** Where none was trained, the latest one: a rebuild says what is wrong with it. */
    private static VersionEntry latestTrained(RegistryView view, AdapterName adapter) {
        VersionEntry latest = view.resolve(adapter, Revisions.LATEST);
        return view.adapter(adapter).stream()
                .flatMap(entry -> entry.versions().stream())
                .filter(v -> !v.retired() && v.rounds() > 0 && v.rebuiltFrom().isEmpty())
                .max(Comparator.comparingInt(VersionEntry::ordinal))
                .orElse(latest);
    }

    /**
     * Which rounds and versions have seen an example.
     *
     * @throws io.millrace.core.MillraceException {@code unknown_adapter}, {@code kafka_unavailable}
     */
    public SeenBy seenBy(AdapterName adapter, String example) {
        return SeenBy.of(proofs, adapter, example);
    }

    /**
     * Which adapters have a round with which of the examples.
     *
     * @throws io.millrace.core.MillraceException {@code kafka_unavailable}
     */
    public Map<String, Set<String>> find(Set<String> examples) {
        return SeenBy.adapters(proofs, examples);
    }

    /**
     * The rounds that a version is made of, a page at a time.
     *
     * @param limit 0: the default
     * @param pageToken empty: the first page
     * @throws io.millrace.core.MillraceException {@code unknown_adapter}, {@code unknown_revision}, {@code bad_request}
     *     (a version that was uploaded), {@code kafka_unavailable}
     */
    public VersionRounds rounds(AdapterName adapter, String revision, int limit, String pageToken) {
        return VersionRounds.of(proofs, registry.view().resolve(adapter, revision), limit, pageToken);
    }

    /**
     * Has the texts of examples erased, and their ids refused from then on.
     *
     * @param examples ids
     * @param keepTopics whether records of topics are left to their retention
     */
    public JobStatus forget(AdapterName adapter, Set<String> examples, boolean keepTopics) {
        return orders.forget(adapter, examples, keepTopics);
    }

    /**
     * What would become of records if they were sent now; nothing is sent. Whether an id was seen before is not looked up.
     *
     * @throws io.millrace.core.MillraceException {@code not_ready}
     */
    public List<Foresight.Foreseen> foresee(List<byte[]> records) {
        return foresight.of(records);
    }

    /** What each part waits for; empty where it works. */
    public Map<String, String> waitingFor() {
        Map<String, String> parts = new LinkedHashMap<>();
        parts.put("curator", curator.waitingFor());
        parts.put("worker", worker.waitingFor());
        return parts;
    }

    public boolean ready() {
        return waitingFor().values().stream().allMatch(String::isEmpty);
    }

    @Override
    public void close() {
        curator.close();
        desk.close();
        jobs.close();
        worker.close();
        observer.close();
        rewards.close();
        engine.close();
    }
}
