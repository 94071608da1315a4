package io.millrace.trainer;

import io.millrace.core.AdapterName;
import io.millrace.embedding.TextEmbedder;
import io.millrace.proto.internal.RoundCommitted;
import io.millrace.proto.internal.VersionCut;
import io.millrace.registry.RegistryLog;
import io.millrace.store.BlobStore;
import io.millrace.topics.KafkaSettings;
import io.millrace.trainer.worker.Engine;
import io.millrace.trainer.worker.Progress;
import io.millrace.trainer.worker.WorkerSettings;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;

/** Trainers on nano that store heads often, and can be given poison. */
final class TestTrainer {
    private TestTrainer() {}

    static Engines engines(Path directory) {
        return new Engines(directory.resolve("bases"), "nano", "cpu", 1, "f32");
    }

    /** While this file is there, steps with an example of the weight {@link PoisonedModel#STUCK} don't end. */
    static Path stuck(Path directory) {
        return directory.resolve("stuck");
    }

    /** A trainer of its own, not started. */
    static Trainer of(
            KafkaSettings kafka, BlobStore store, RegistryLog registry, Path directory, String workerId, Clock clock) {
        WorkerSettings defaults = WorkerSettings.defaults(workerId);
        WorkerSettings settings = new WorkerSettings(
                workerId,
                3,
                Duration.ofMillis(1),
                defaults.residentAdapters(),
                defaults.residentIdle(),
                defaults.hostBytes(),
                defaults.minHeldOut(),
                defaults.bufferedBytes());
        return new Trainer(
                kafka,
                store,
                registry,
                () -> {
                    Engine engine = engines(directory).open();
                    return new Engine(
                            engine.base(),
                            engine.encoder(),
                            new PoisonedModel(engine.model(), stuck(directory)),
                            engine.closeBase());
                },
                engines(directory),
                () -> new TextEmbedder(1),
                new Trainer.Settings(settings, Duration.ofHours(24), true, directory.resolve("streams-" + workerId)),
                new Silent(),
                clock);
    }

    private static final class Silent implements Progress.Meters {
        @Override
        public void round(AdapterName adapter, RoundCommitted round, double meanLoss) {}

        @Override
        public void overhead(Duration protocol, Duration training) {}

        @Override
        public void roundFailed() {}

        @Override
        public void version(AdapterName adapter, VersionCut cut) {}

        @Override
        public void rebased(AdapterName adapter) {}

        @Override
        public void lag(int partition, long records) {}

        @Override
        public void waiting(AdapterName adapter, int records) {}

        @Override
        public void drift(AdapterName adapter, double statistic, long shifts) {}

        @Override
        public void alarm(AdapterName adapter, String name, boolean raised) {}
    }
}
