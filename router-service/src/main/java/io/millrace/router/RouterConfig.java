package io.millrace.router;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/** The router's settings: what all services share, and its own under {@code millrace.router}. */
@ConfigMapping(prefix = "millrace")
public interface RouterConfig {
    Kafka kafka();

    S3 s3();

    /** Name of the base to serve. */
    @WithDefault("smollm2-135m-instruct")
    String base();

    /** Where imported bases are kept; absent: {@code bases} under the data directory. */
    Optional<Path> baseDir();

    @WithDefault("millrace-data")
    Path dataDir();

    /** {@code auto}, {@code cpu} or {@code cuda:N}. */
    @WithDefault("auto")
    String device();

    /** Threads of one operation; absent: as many as there are processors. */
    Optional<Integer> threads();

    /** {@code f32} or {@code bf16}. */
    @WithDefault("f32")
    String dtype();

    /** Bearer token that requests must carry, where it is set. */
    Optional<String> token();

    Router router();

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
        String endpoint();

        @WithDefault("millrace")
        String accessKey();

        @WithDefault("millrace-secret")
        String secretKey();

        @WithDefault("millrace")
        String bucket();

        Optional<String> region();
    }

    interface Router {
        /** New tokens where a request doesn't say. */
        @WithDefault("256")
        int maxTokens();

        /** Temperature where a request has none. */
        @WithDefault("0")
        double temperature();

        /** Requests that decode at once. */
        @WithDefault("8")
        int rows();

        /** Requests that may wait for a row. */
        @WithDefault("256")
        int queue();

        /** Adapters on the device, in bytes. */
        @WithDefault("536870912")
        long deviceBytes();

        /** Decoded adapters in host memory, in bytes. */
        @WithDefault("268435456")
        long hostBytes();

        /** Blobs on disk, in bytes. */
        @WithDefault("4294967296")
        long diskBytes();

        /** How long a request waits for its versions to be loaded. */
        @WithDefault("60s")
        Duration loadTimeout();

        /** Probability of a uniform choice in an automatic step, in [0, 1). */
        @WithDefault("0.01")
        double exploration();

        /** Fraction of an adapter's traffic that its alias {@code canary} gets, in [0, 1). */
        @WithDefault("0.05")
        double canaryShare();

        /** Least share with which an adapter is composed beside the nearest one; above 0.5: never. */
        @WithDefault("0.4")
        double blendShare();

        /** Temperature of the softmax over cosines. */
        @WithDefault("0.05")
        double routingTemperature();

        /** Fraction of an adapter's own prompts that may go to the base: 0.01, 0.02, 0.05, 0.1, 0.25 or 0.5. */
        @WithDefault("0.05")
        double abstainLevel();

        /** Decisions that feedback can refer to. */
        @WithDefault("10000")
        int rememberedDecisions();
    }
}
