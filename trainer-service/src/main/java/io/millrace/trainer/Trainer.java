package io.millrace.trainer;

import io.millrace.core.AdapterName;
import io.millrace.core.ExampleParser;
import io.millrace.embedding.TextEmbedder;
import io.millrace.registry.RegistryLog;
import io.millrace.registry.VersionEntry;
import io.millrace.store.BlobStore;
import io.millrace.topics.KafkaSettings;
import io.millrace.topics.Topics;
import io.millrace.trainer.curate.AssignHeldOut;
import io.millrace.trainer.curate.Curate;
import io.millrace.trainer.curate.Parse;
import io.millrace.trainer.job.DeviceTurns;
import io.millrace.trainer.job.JobStatus;
import io.millrace.trainer.job.Jobs;
import io.millrace.trainer.job.SharedEngine;
import io.millrace.trainer.observe.Observe;
import io.millrace.trainer.observe.RewardTail;
import io.millrace.trainer.proof.ProofContext;
import io.millrace.trainer.proof.VerifyJob;
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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
     * @param embedders opens the sentence embedder when the first version is cut
     */
    public Trainer(
            KafkaSettings kafka,
            BlobStore store,
            RegistryLog registry,
            Supplier<Engine> engines,
            Supplier<TextEmbedder> embedders,
            Settings settings,
            Progress.Meters meters,
            Clock clock) {
        this.progress = new Progress(meters);
        this.workerId = settings.worker().workerId();
        this.registry = registry;
        this.engine = new SharedEngine(engines, DeviceTurns.defaults());
        this.proofs = new ProofContext(kafka, store, engine::background);
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
        Predicate<AdapterName> known = adapter ->
                settings.createOnFirstUse() || registry.view().adapter(adapter).isPresent();
        Parse parse = new Parse(new ExampleParser(Topics.MAX_EXAMPLE_BYTES)::parse, known, AssignHeldOut.ONE_IN_FIFTY);
        Curate curate = new Curate(kafka.topics(), kafka.partitions(), parse, settings.dedupeWindow());
        this.curator =
                new TopologyRunner("curator", kafka, curate::topology, CURATED_WITHIN, settings.stateDirectory());
        Observe observe = new Observe(kafka.topics(), kafka.partitions());
        this.observer =
                new TopologyRunner("observer", kafka, observe::topology, OBSERVED_WITHIN, settings.stateDirectory());
    }

    public void start() {
        curator.start();
        worker.start();
        observer.start();
        rewards.start();
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

    public Jobs jobs() {
        return jobs;
    }

    /**
     * Has a version computed again and compared.
     *
     * @param fromGenesis with all rounds before it, not its own alone
     * @throws io.millrace.core.MillraceException {@code unknown_adapter}, {@code unknown_revision}
     */
    public JobStatus verify(AdapterName adapter, String revision, boolean fromGenesis) {
        VersionEntry version = registry.view().resolve(adapter, revision);
        String id = "verify-" + version.id().hex().substring(0, 12) + (fromGenesis ? "-genesis" : "");
        return jobs.submit(id, new VerifyJob(proofs, version, fromGenesis));
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
        jobs.close();
        worker.close();
        observer.close();
        rewards.close();
        engine.close();
    }
}
