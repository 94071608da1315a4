package io.millrace.trainer;

import io.millrace.registry.KafkaRegistryLog;
import io.millrace.registry.LogStatus;
import io.millrace.store.BlobStore;
import io.millrace.store.StoreProbe;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;

/** The trainer with what it owns in this process, and with eyes on what it needs. */
public final class TrainerProcess implements AutoCloseable {
    private static final Duration PROBE_PERIOD = Duration.ofSeconds(2);

    private final Trainer trainer;
    private final KafkaRegistryLog registry;
    private final BlobStore store;
    private final StoreProbe probe;

    TrainerProcess(Trainer trainer, KafkaRegistryLog registry, BlobStore store) {
        this.trainer = trainer;
        this.registry = registry;
        this.store = store;
        this.probe = new StoreProbe(store, PROBE_PERIOD);
    }

    public Trainer trainer() {
        return trainer;
    }

    /** What each part waits for; empty where it works. */
    public Map<String, String> waitingFor() {
        LogStatus log = registry.status();
        Map<String, String> parts = new LinkedHashMap<>(trainer.waitingFor());
        parts.put("registry", log instanceof LogStatus.Following ? "" : log.detail());
        parts.put("store", probe.problem().orElse(""));
        return parts;
    }

    public boolean ready() {
        return waitingFor().values().stream().allMatch(String::isEmpty);
    }

    void start() {
        probe.start();
        registry.start();
        trainer.start();
    }

    @Override
    public void close() {
        trainer.close();
        probe.close();
        registry.close();
        store.close();
    }
}
