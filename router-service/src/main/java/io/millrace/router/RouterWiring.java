package io.millrace.router;

import io.micrometer.core.instrument.MeterRegistry;
import io.millrace.core.AccessToken;
import io.millrace.engine.DType;
import io.millrace.engine.base.Base;
import io.millrace.engine.base.BaseStore;
import io.millrace.engine.decode.DecodeOptions;
import io.millrace.engine.decode.EmbeddedGenerator;
import io.millrace.engine.torch.TorchRuntime;
import io.millrace.router.api.RequestReader;
import io.millrace.router.generate.Engine;
import io.millrace.router.record.Recorder;
import io.millrace.store.BlobStore;
import io.millrace.store.RetryPolicy;
import io.millrace.store.RetryingBlobStore;
import io.millrace.store.S3BlobStore;
import io.millrace.store.S3Settings;
import io.millrace.topics.KafkaSettings;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.net.URI;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.random.RandomGenerator;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** The one place where the router's parts are constructed. Produces types of this module alone. */
@ApplicationScoped
public class RouterWiring {
    private final RouterConfig config;
    private final RouterSystem system;

    public RouterWiring(RouterConfig config, MeterRegistry meters) {
        this.config = config;
        RandomGenerator random = new SecureRandom();
        this.system = new RouterSystem(
                config,
                kafka(config),
                store(config),
                opener(config),
                new MicrometerMetrics(meters),
                Clock.systemUTC(),
                random);
    }

    /** Refuses to be reached by others without a token. */
    void start(
            @Observes StartupEvent event,
            @ConfigProperty(name = "quarkus.http.host", defaultValue = "127.0.0.1") String host) {
        new AccessToken(config.token()).requireFor(host);
        system.start();
    }

    void stop(@Observes ShutdownEvent event) {
        system.close();
    }

    @Produces
    @Singleton
    RouterSystem system() {
        return system;
    }

    @Produces
    @Singleton
    Answers answers() {
        return system.answers();
    }

    @Produces
    @Singleton
    Recorder recorder() {
        return system.recorder();
    }

    @Produces
    @Singleton
    ModelCatalogue catalogue() {
        return system.catalogue();
    }

    @Produces
    @Singleton
    RequestReader requestReader() {
        return new RequestReader(config.router().temperature());
    }

    private static KafkaSettings kafka(RouterConfig config) {
        RouterConfig.Kafka kafka = config.kafka();
        return new KafkaSettings(kafka.bootstrapServers(), kafka.topicPrefix(), kafka.partitions(), kafka.client());
    }

    private static BlobStore store(RouterConfig config) {
        RouterConfig.S3 s3 = config.s3();
        return new RetryingBlobStore(
                new S3BlobStore(S3Settings.of(
                        URI.create(s3.endpoint()),
                        s3.accessKey(),
                        s3.secretKey(),
                        s3.bucket(),
                        s3.region().orElse("us-east-1"))),
                RetryPolicy.defaults(),
                new SecureRandom());
    }

    private static Engine.Opener opener(RouterConfig config) {
        Path bases = config.baseDir().orElse(config.dataDir().resolve("bases"));
        DecodeOptions options = DecodeOptions.of(DType.parse(config.dtype()))
                .withRows(config.router().rows())
                .withQueue(config.router().queue());
        return () -> {
            TorchRuntime torch =
                    TorchRuntime.start(config.device(), config.threads().orElse(0));
            Base base = new BaseStore(bases).open(config.base());
            try {
                SecureRandom seeds = new SecureRandom();
                return new Engine.Loaded(base, EmbeddedGenerator.start(torch, base, options, seeds::nextLong));
            } catch (RuntimeException | LinkageError e) {
                base.close();
                throw e;
            }
        };
    }
}
