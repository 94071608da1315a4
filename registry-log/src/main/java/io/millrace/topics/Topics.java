package io.millrace.topics;

import java.time.Duration;
import java.util.List;

/**
 * The names of a system's topics, and the settings they must have.
 *
 * <p>Record limits are ordered: what an examples record may hold at most (its batch counted uncompressed) is less than
 * what a dead letter or a curated example may hold, so that either always fits with what is added to it.
 *
 * @param prefix in front of each name, as {@code millrace.}
 */
public record Topics(String prefix) {
    /** Largest record of {@code examples}, {@code decisions} and {@code feedback}, in bytes, uncompressed. */
    public static final int MAX_EXAMPLE_BYTES = 1 << 20;

    /** Largest dead letter or curated example, in bytes: twice an example's. */
    public static final int MAX_DERIVED_BYTES = 2 << 20;

    /** Largest record of the journal and the registry, in bytes; also what producers need as {@code max.request.size}. */
    public static final int MAX_SYSTEM_BYTES = 8 << 20;

    private static final Duration DAYS = Duration.ofDays(7);
    private static final Duration WEEKS = Duration.ofDays(28);

    public String examples() {
        return prefix + "examples";
    }

    public String deadLetters() {
        return prefix + "examples.dlq";
    }

    public String curated() {
        return prefix + "curated";
    }

    public String journal() {
        return prefix + "journal";
    }

    public String outcomes() {
        return prefix + "outcomes";
    }

    public String registry() {
        return prefix + "registry";
    }

    public String decisions() {
        return prefix + "decisions";
    }

    public String feedback() {
        return prefix + "feedback";
    }

    public String rewards() {
        return prefix + "rewards";
    }

    public String health() {
        return prefix + "health";
    }

    /** A group, application or transactional id of this system. */
    public String id(String name) {
        return prefix + name;
    }

    public TopicSpec examplesSpec(int partitions) {
        return TopicSpec.expiring(examples(), partitions, DAYS, MAX_EXAMPLE_BYTES)
                .withLogAppendTime()
                .countedUncompressed();
    }

    public TopicSpec deadLettersSpec(int partitions) {
        return TopicSpec.expiring(deadLetters(), partitions, WEEKS, MAX_DERIVED_BYTES);
    }

    /** Kept for ever by time: the trainer deletes records up to the committed position. */
    public TopicSpec curatedSpec(int partitions) {
        return TopicSpec.kept(curated(), partitions, MAX_DERIVED_BYTES);
    }

    public TopicSpec journalSpec(int partitions) {
        return TopicSpec.kept(journal(), partitions, MAX_SYSTEM_BYTES);
    }

    public TopicSpec outcomesSpec(int partitions) {
        return TopicSpec.expiring(outcomes(), partitions, WEEKS, MAX_DERIVED_BYTES);
    }

    /** One partition: its offset is the registry's clock, and the broker's time its calendar. */
    public TopicSpec registrySpec() {
        return TopicSpec.kept(registry(), 1, MAX_SYSTEM_BYTES).withLogAppendTime();
    }

    public TopicSpec decisionsSpec(int partitions) {
        return TopicSpec.expiring(decisions(), partitions, WEEKS, MAX_DERIVED_BYTES);
    }

    public TopicSpec feedbackSpec(int partitions) {
        return TopicSpec.expiring(feedback(), partitions, WEEKS, MAX_EXAMPLE_BYTES);
    }

    public TopicSpec rewardsSpec(int partitions) {
        return TopicSpec.compacted(rewards(), partitions, MAX_EXAMPLE_BYTES);
    }

    public TopicSpec healthSpec(int partitions) {
        return TopicSpec.compacted(health(), partitions, MAX_EXAMPLE_BYTES);
    }

    /** Every topic, each but the registry's with this many partitions. */
    public List<TopicSpec> specs(int partitions) {
        return List.of(
                examplesSpec(partitions),
                deadLettersSpec(partitions),
                curatedSpec(partitions),
                journalSpec(partitions),
                outcomesSpec(partitions),
                registrySpec(),
                decisionsSpec(partitions),
                feedbackSpec(partitions),
                rewardsSpec(partitions),
                healthSpec(partitions));
    }
}
