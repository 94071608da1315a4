package io.millrace.trainer;

import io.millrace.registry.KafkaRegistryLog;
import io.millrace.store.BlobStore;

/** The trainer with what it owns in this process. */
public final class TrainerProcess implements AutoCloseable {
    private final Trainer trainer;
    private final KafkaRegistryLog registry;
    private final BlobStore store;

    TrainerProcess(Trainer trainer, KafkaRegistryLog registry, BlobStore store) {
        this.trainer = trainer;
        this.registry = registry;
        this.store = store;
    }

    public Trainer trainer() {
        return trainer;
    }

    void start() {
        registry.start();
        trainer.start();
    }

    @Override
    public void close() {
        trainer.close();
        registry.close();
        store.close();
    }
}
