package io.millrace.registry.service;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The registry's settings: what all services share, and its own under {@code millrace.registry}. */
@ConfigMapping(prefix = "millrace")
public interface RegistryConfig {
    Kafka kafka();

    S3 s3();

    /** Name of the base that the system is about; told by {@code GET /api/v1/info}. */
    @WithDefault("smollm2-135m-instruct")
    String base();

    /** Bearer token that requests must carry, where it is set. */
    Optional<String> token();

    Registry registry();

    interface Kafka {
        @WithDefault("127.0.0.1:9092")
        String bootstrapServers();

        @WithDefault("millrace.")
        String topicPrefix();

        @WithDefault("8")
        int partitions();

        /** Further properties of every Kafka client, as security settings. */
        Map<String, String> client();
    }

    interface S3 {
        @WithDefault("http://127.0.0.1:9000")
        URI endpoint();

        @WithDefault("millrace")
        String accessKey();

        @WithDefault("millrace-secret")
        String secretKey();

        @WithDefault("millrace")
        String bucket();

        @WithDefault("us-east-1")
        String region();
    }

    interface Registry {
        /** Largest blob that can be uploaded. */
        @WithDefault("1073741824")
        long maxBlobBytes();

        /** Records of the log between two snapshots of its fold. */
        @WithDefault("1000")
        int snapshotEvery();

        /** Longest wait for {@code X-Registry-Min-Offset}. */
        @WithDefault("10s")
        Duration maxWait();

        /** Parts of the system that run in this process beside the registry: {@code trainer}, {@code router}. */
        @WithDefault("registry")
        List<String> parts();

        /** Address of the trainer, to tell whether it is up. */
        Optional<URI> trainerUrl();

        /** Address of the router, to tell whether it is up. */
        Optional<URI> routerUrl();
    }
}
