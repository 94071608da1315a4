package io.millrace.trainer;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/** The trainer's settings: what all services share, and its own under {@code millrace.trainer}. */
@ConfigMapping(prefix = "millrace")
public interface TrainerConfig {
    Kafka kafka();

    S3 s3();

    /** Name of the base to train over; {@code nano} is made on the spot. */
    @WithDefault("smollm2-135m-instruct")
    String base();

    /** Where imported bases are kept; absent: {@code bases} under the data directory. */
    Optional<Path> baseDir();

    @WithDefault("millrace-data")
    Path dataDir();

    /** {@code auto}, {@code cpu} or {@code cuda:N}. */
    @WithDefault("auto")
    String device();

    /** Threads of one operation; 0: one for each processor. */
    @WithDefault("0")
    int threads();

    /** {@code f32} or {@code bf16}. */
    @WithDefault("f32")
    String dtype();

    /** Bearer token that requests must carry, where it is set. */
    Optional<String> token();

    TrainerSection trainer();

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

    /** The trainer's own. */
    interface TrainerSection {
        /** Whether the trainer runs at all. */
        @WithDefault("true")
        boolean enabled();

        /** Stable over restarts and unique among the workers of a system. */
        @WithDefault("worker-0")
        String workerId();

        /** Whether an example of an unknown adapter creates it; else it is refused as {@code unknown_adapter}. */
        @WithDefault("true")
        boolean createOnFirstUse();

        /** In which an example's id names one content. */
        @WithDefault("24h")
        Duration dedupeWindow();

        /** A head is stored after this many rounds … */
        @WithDefault("10")
        int checkpointEveryRounds();

        /** … but not more often than this, versions apart. */
        @WithDefault("30s")
        Duration checkpointMinInterval();

        /** Adapters in device memory at most. */
        @WithDefault("8")
        int residentAdapters();

        /** An adapter leaves the device after this long without a round. */
        @WithDefault("60s")
        Duration residentIdle();

        /** Copies of the states of adapters that left the device, in temporary files, in bytes, at most. */
        @WithDefault("536870912")
        long hostBytes();

        /** The gate passes a candidate that fewer held-out examples than this could judge. */
        @WithDefault("30")
        int minHeldOut();

        /** Waiting examples in memory, in bytes; beyond it nothing more is read. */
        @WithDefault("67108864")
        long bufferedBytes();
    }
}
