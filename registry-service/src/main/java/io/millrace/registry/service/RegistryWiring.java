package io.millrace.registry.service;

import io.millrace.core.AccessToken;
import io.millrace.registry.KafkaRegistryLog;
import io.millrace.store.BlobStore;
import io.millrace.store.RetryPolicy;
import io.millrace.store.RetryingBlobStore;
import io.millrace.store.S3BlobStore;
import io.millrace.store.S3Settings;
import io.millrace.topics.KafkaSettings;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.inject.Disposes;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.net.URI;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.random.RandomGenerator;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** Constructs the registry's parts. Nothing here waits for Kafka or the store. */
public final class RegistryWiring {
    private static final Duration STORE_TIMEOUT = Duration.ofSeconds(10);
    private static final RetryPolicy FEW_RETRIES = new RetryPolicy(3, Duration.ofMillis(100), Duration.ofMillis(500));

    @Produces
    @Singleton
    BlobAccess blobs(RegistryConfig config) {
        RegistryConfig.S3 s3 = config.s3();
        BlobStore store = new RetryingBlobStore(
                new S3BlobStore(new S3Settings(
                        s3.endpoint(), s3.accessKey(), s3.secretKey(), s3.bucket(), s3.region(), STORE_TIMEOUT)),
                FEW_RETRIES,
                jitter());
        return new BlobAccess(store, config.registry().maxBlobBytes());
    }

    void closeBlobs(@Disposes BlobAccess blobs) {
        blobs.close();
    }

    @Produces
    @Singleton
    RegistryAccess registry(RegistryConfig config, BlobAccess blobs) {
        RegistryConfig.Kafka kafka = config.kafka();
        KafkaSettings settings =
                new KafkaSettings(kafka.bootstrapServers(), kafka.topicPrefix(), kafka.partitions(), kafka.client());
        KafkaRegistryLog log = new KafkaRegistryLog(
                        settings,
                        new BlobSnapshots(blobs.store()),
                        config.registry().snapshotEvery())
                .start();
        return new RegistryAccess(
                log, () -> UUID.randomUUID().toString(), config.registry().maxWait());
    }

    @Produces
    @Singleton
    AccessToken token(RegistryConfig config) {
        return new AccessToken(config.token());
    }

    @Produces
    @Singleton
    BlobAnswers blobAnswers(BlobAccess blobs) {
        return new BlobAnswers(blobs);
    }

    @Produces
    @Singleton
    Publisher publisher(RegistryAccess registry, BlobAccess blobs) {
        return new Publisher(registry, blobs);
    }

    @Produces
    @Singleton
    PartProbe parts(
            RegistryConfig config,
            @ConfigProperty(name = "quarkus.application.version", defaultValue = "unknown") String version) {
        Map<String, URI> elsewhere = new TreeMap<>();
        config.registry().trainerUrl().ifPresent(url -> elsewhere.put("trainer", url));
        config.registry().routerUrl().ifPresent(url -> elsewhere.put("router", url));
        return new PartProbe(config.registry().parts(), elsewhere, version);
    }

    /** Refuses to be reached by others without a token, and starts to read the log. */
    void start(
            @Observes StartupEvent event,
            AccessToken token,
            RegistryAccess registry,
            BlobAccess blobs,
            @ConfigProperty(name = "quarkus.http.host", defaultValue = "127.0.0.1") String host) {
        token.requireFor(host);
        registry.status();
        blobs.start();
    }

    /** The log goes first: its last snapshot is written to the store, which is closed when beans are. */
    void stop(@Observes ShutdownEvent event, RegistryAccess registry) {
        registry.close();
    }

    private static RandomGenerator jitter() {
        return () -> ThreadLocalRandom.current().nextLong();
    }
}
