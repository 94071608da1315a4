package io.millrace.trainer.observe;

import com.google.protobuf.InvalidProtocolBufferException;
import io.millrace.proto.internal.JournalRecord;
import io.millrace.topics.Topics;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KeyValueMapper;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.Repartitioned;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.WindowStore;

/** feedback -> {@code rewards}, by version and by adapter; journal -> {@code health}, by adapter and minute. */
public final class Observe {
    private static final Serde<byte[]> BYTES = Serdes.ByteArray();
    private static final Serde<Reward> REWARD = JsonSerde.of(Reward.class);
    private static final Serde<Health> HEALTH = JsonSerde.of(Health.class);

    /** Of the aggregates in {@code health}. */
    static final Duration WINDOW = Duration.ofMinutes(1);

    private final Topics topics;
    private final int partitions;

    /** @param partitions of the topics */
    public Observe(Topics topics, int partitions) {
        this.topics = topics;
        this.partitions = partitions;
    }

    public Topology topology() {
        StreamsBuilder builder = new StreamsBuilder();
        rewards(builder);
        health(builder);
        return builder.build();
    }

    private void rewards(StreamsBuilder builder) {
        builder.addStateStore(Scores.store());
        builder.stream(topics.feedback(), Consumed.with(BYTES, BYTES))
                .process(Scores::new, Scores.STORE)
                .repartition(Repartitioned.with(Serdes.String(), REWARD)
                        .withName("by-scope")
                        .withNumberOfPartitions(partitions))
                .groupByKey(Grouped.with(Serdes.String(), REWARD))
                .aggregate(
                        () -> Reward.none(""),
                        (scope, change, total) ->
                                new Reward(scope, total.scores(), total.sum(), total.squares()).plus(change),
                        Materialized.<String, Reward, KeyValueStore<Bytes, byte[]>>as("rewards")
                                .withKeySerde(Serdes.String())
                                .withValueSerde(REWARD))
                .toStream()
                .to(topics.rewards(), Produced.with(Serdes.String(), REWARD));
    }

    private void health(StreamsBuilder builder) {
        builder.stream(topics.journal(), Consumed.with(Serdes.String(), BYTES))
                .flatMapValues(bytes -> read(bytes).map(List::of).orElse(List.of()))
                .groupByKey(Grouped.with(
                        Serdes.String(), Serdes.serdeFrom((t, r) -> r.toByteArray(), (t, b) -> read(b).orElseThrow())))
                .windowedBy(TimeWindows.ofSizeWithNoGrace(WINDOW))
                .aggregate(
                        Health::none,
                        (adapter, record, health) -> health.with(adapter, record),
                        Materialized.<String, Health, WindowStore<Bytes, byte[]>>as("health")
                                .withKeySerde(Serdes.String())
                                .withValueSerde(HEALTH)
                                .withRetention(WINDOW.multipliedBy(10)))
                .toStream()
                .filter((key, health) -> !health.adapter().isEmpty())
                .map(withItsWindow())
                .to(topics.health(), Produced.with(Serdes.String(), HEALTH));
    }

    private static KeyValueMapper<Windowed<String>, Health, KeyValue<String, Health>> withItsWindow() {
        return (key, health) -> KeyValue.pair(
                key.key(),
                health.within(
                        key.window().startTime().toString(),
                        key.window().endTime().toString()));
    }

    private static Optional<JournalRecord> read(byte[] bytes) {
        try {
            return bytes == null ? Optional.empty() : Optional.of(JournalRecord.parseFrom(bytes));
        } catch (InvalidProtocolBufferException e) {
            return Optional.empty();
        }
    }
}
