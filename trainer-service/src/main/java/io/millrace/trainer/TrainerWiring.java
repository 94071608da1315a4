package io.millrace.trainer;

import io.micrometer.core.instrument.MeterRegistry;
import io.millrace.core.AccessToken;
import io.millrace.embedding.TextEmbedder;
import io.millrace.registry.KafkaRegistryLog;
import io.millrace.store.BlobStore;
import io.millrace.store.RetryPolicy;
import io.millrace.store.RetryingBlobStore;
import io.millrace.store.S3BlobStore;
import io.millrace.store.S3Settings;
import io.millrace.topics.KafkaSettings;
import io.millrace.trainer.worker.WorkerSettings;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import java.util.random.RandomGenerator;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** Constructs the trainer from its configuration. Nothing here waits for Kafka, the store or the base. */
public final class TrainerWiring {
    private static final Duration STORE_TIMEOUT = Duration.ofSeconds(30);
    private static final RetryPolicy FEW_RETRIES = new RetryPolicy(3, Duration.ofMillis(100), Duration.ofSeconds(1));

    @Produces
    @Singleton
    TrainerProcess process(TrainerConfig config, MeterRegistry meters) {
        TrainerConfig.S3 s3 = config.s3();
        RandomGenerator jitter = () -> ThreadLocalRandom.current().nextLong();
        BlobStore store = new RetryingBlobStore(
                new S3BlobStore(new S3Settings(
                        s3.endpoint(), s3.accessKey(), s3.secretKey(), s3.bucket(), s3.region(), STORE_TIMEOUT)),
                FEW_RETRIES,
                jitter);
        KafkaRegistryLog registry = new KafkaRegistryLog(kafka(config), new BlobSnapshots(store), 1_000);
        Engines engines = new Engines(
                config.baseDir().orElse(config.dataDir().resolve("bases")),
                config.base(),
                config.device(),
                config.threads(),
                config.dtype());
        Trainer trainer = new Trainer(
                kafka(config),
                store,
                registry,
                engines::open,
                engines,
                () -> new TextEmbedder(1),
                settings(config),
                new MicrometerMeters(meters),
                Clock.systemUTC());
        return new TrainerProcess(trainer, registry, store);
    }

    private static KafkaSettings kafka(TrainerConfig config) {
        TrainerConfig.Kafka kafka = config.kafka();
        return new KafkaSettings(kafka.bootstrapServers(), kafka.topicPrefix(), kafka.partitions(), kafka.client());
    }

    private static Trainer.Settings settings(TrainerConfig config) {
        TrainerConfig.TrainerSection own = config.trainer();
        Path state = config.dataDir().resolve("trainer").resolve(own.workerId()).resolve("streams");
        return new Trainer.Settings(
                new WorkerSettings(
                        own.workerId(),
                        own.checkpointEveryRounds(),
                        own.checkpointMinInterval(),
                        own.residentAdapters(),
                        own.residentIdle(),
                        own.hostBytes(),
                        own.minHeldOut(),
                        own.bufferedBytes()),
                own.dedupeWindow(),
                own.createOnFirstUse(),
                state);
    }

    /** Refuses to be reached by others without a token. */
    void start(
            @Observes StartupEvent event,
            TrainerConfig config,
            TrainerProcess process,
            @ConfigProperty(name = "quarkus.http.host", defaultValue = "127.0.0.1") String host) {
        new AccessToken(config.token()).requireFor(host);
        if (config.trainer().enabled()) {
            process.start();
        }
    }

    void stop(@Observes ShutdownEvent event, TrainerProcess process) {
        process.close();
    }
}
