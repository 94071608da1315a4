package io.millrace.topics;

import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.InvalidConfigurationException;
import org.apache.kafka.common.errors.PolicyViolationException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Creates the topics that are missing, and refuses those that exist with other settings. While Kafka can't be reached it
 * waits and tries again; {@link #status()} says so.
 */
public final class TopicBootstrap {
    private static final Logger LOG = LoggerFactory.getLogger(TopicBootstrap.class);
    private static final Duration FIRST_WAIT = Duration.ofMillis(200);
    private static final Duration LONGEST_WAIT = Duration.ofSeconds(5);

    private final KafkaSettings settings;
    private final Consumer<String> onWaiting;
    private volatile Status status = new Status.Waiting("topics were not looked at yet");

    /** How far it has come. */
    public sealed interface Status {
        /** @param detail why it isn't done */
        record Waiting(String detail) implements Status {}

        /** All topics exist as they must be. */
        record Ready() implements Status {}

        /** @param error it won't go on by itself */
        record Refused(MillraceException error) implements Status {}
    }

    public TopicBootstrap(KafkaSettings settings) {
        this(settings, detail -> {});
    }

    /** @param onWaiting told why, each time that it can't reach Kafka */
    public TopicBootstrap(KafkaSettings settings, Consumer<String> onWaiting) {
        this.settings = settings;
        this.onWaiting = onWaiting;
    }

    public Status status() {
        return status;
    }

    /** As {@link #ensure(Collection)}, for one caller that needs no status. */
    public static void ensure(KafkaSettings settings, Collection<TopicSpec> specs) throws InterruptedException {
        new TopicBootstrap(settings).ensure(specs);
    }

    /**
     * Returns when all topics exist as they must be; waits for as long as Kafka can't be reached.
     *
     * @throws MillraceException {@code incompatible_topic} naming each topic whose partition count, retention, clean-up
     *     policy, timestamp type or record limit is another, or that can't be created
     * @throws InterruptedException when the thread is interrupted while waiting
     */
    public void ensure(Collection<TopicSpec> specs) throws InterruptedException {
        Duration wait = FIRST_WAIT;
        while (true) {
            try {
                attempt(specs);
                status = new Status.Ready();
                return;
            } catch (MillraceException e) {
                status = new Status.Refused(e);
                throw e;
            } catch (KafkaException e) {
                String detail = "Kafka at " + settings.bootstrapServers() + " can't be reached (" + e.getMessage()
                        + "); trying again";
                if (wait.equals(FIRST_WAIT)) {
                    LOG.warn("{}", detail);
                }
                status = new Status.Waiting(detail);
                onWaiting.accept(detail);
            }
            Thread.sleep(wait.toMillis());
            wait = wait.multipliedBy(2).compareTo(LONGEST_WAIT) < 0 ? wait.multipliedBy(2) : LONGEST_WAIT;
        }
    }

    private void attempt(Collection<TopicSpec> specs) throws InterruptedException {
        Admin admin = Admin.create(adminProperties());
        try {
            Set<String> existing = get(admin.listTopics().names());
            create(
                    admin,
                    specs.stream().filter(s -> !existing.contains(s.name())).toList());
            refuseOthers(admin, specs);
        } finally {
            // Else whoever is interrupted here waits for Kafka's answer all the same.
            admin.close(Duration.ZERO);
        }
    }

    private Map<String, Object> adminProperties() {
        Map<String, Object> properties = settings.clientProperties();
        properties.putIfAbsent(AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG, 5_000);
        properties.putIfAbsent(AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, 10_000);
        return properties;
    }

    /**
     * Also waits until each new partition answers. The broker tells of partitions before it has made them; a producer
     * whose first batch comes too early and whose second doesn't has them out of order, and tries for two minutes.
     */
    private static void create(Admin admin, List<TopicSpec> missing) throws InterruptedException {
        List<NewTopic> topics = missing.stream().map(TopicSpec::newTopic).toList();
        for (Map.Entry<String, KafkaFuture<Void>> created :
                admin.createTopics(topics).values().entrySet()) {
            try {
                get(created.getValue());
                LOG.info("created topic={}", created.getKey());
            } catch (TopicExistsException e) {
                LOG.debug("topic={} was created by another process", created.getKey());
            } catch (PolicyViolationException | InvalidConfigurationException e) {
                throw new MillraceException(
                        ErrorCode.INCOMPATIBLE_TOPIC,
                        "topic " + created.getKey() + " can't be created (" + e.getMessage()
                                + "): create it by hand, or give this user the right to",
                        e);
            }
        }
        Map<TopicPartition, OffsetSpec> ends = new HashMap<>();
        for (TopicSpec spec : missing) {
            for (int partition = 0; partition < spec.partitions(); partition++) {
                ends.put(new TopicPartition(spec.name(), partition), OffsetSpec.latest());
            }
        }
        get(admin.listOffsets(ends).all());
    }

    private static void refuseOthers(Admin admin, Collection<TopicSpec> specs) throws InterruptedException {
        Map<String, TopicSpec> byName = specs.stream().collect(Collectors.toMap(TopicSpec::name, Function.identity()));
        Map<String, TopicDescription> topics =
                get(admin.describeTopics(byName.keySet()).allTopicNames());
        Map<ConfigResource, Config> configs = get(admin.describeConfigs(byName.keySet().stream()
                        .map(name -> new ConfigResource(ConfigResource.Type.TOPIC, name))
                        .toList())
                .all());
        List<String> differences = new ArrayList<>();
        for (TopicSpec spec : specs) {
            int partitions = topics.get(spec.name()).partitions().size();
            if (partitions != spec.partitions()) {
                differences.add("topic " + spec.name() + " has " + partitions + " partitions, not " + spec.partitions()
                        + " (set millrace.kafka.partitions as the system was created)");
            }
            Config actual = configs.get(new ConfigResource(ConfigResource.Type.TOPIC, spec.name()));
            spec.configs().forEach((key, wanted) -> {
                String value = actual.get(key) == null ? "" : actual.get(key).value();
                if (!same(key, wanted, value)) {
                    differences.add("topic " + spec.name() + " has " + key + "=" + value + ", not " + wanted);
                }
            });
        }
        if (!differences.isEmpty()) {
            throw new MillraceException(
                    ErrorCode.INCOMPATIBLE_TOPIC,
                    String.join("; ", differences)
                            + ": change the topic with kafka-configs, or choose another millrace.kafka.topic-prefix");
        }
    }

    private static boolean same(String key, String wanted, String actual) {
        return key.equals(TopicConfig.CLEANUP_POLICY_CONFIG)
                ? new HashSet<>(List.of(wanted.split(",", -1))).equals(new HashSet<>(List.of(actual.split(",", -1))))
                : wanted.equals(actual);
    }

    private static <T> T get(KafkaFuture<T> future) throws InterruptedException {
        try {
            return future.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof KafkaException kafka) {
                throw kafka;
            }
            throw new KafkaException(e.getCause());
        }
    }
}
