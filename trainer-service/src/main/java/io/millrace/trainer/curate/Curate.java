package io.millrace.trainer.curate;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.millrace.proto.internal.CuratedExample;
import io.millrace.proto.internal.InputRecord;
import io.millrace.topics.KafkaSettings;
import io.millrace.topics.Topics;
import io.millrace.trainer.outcome.DeadLetter;
import io.millrace.trainer.outcome.Outcome;
import io.millrace.trainer.outcome.RefusedRecords;
import io.millrace.trainer.streams.TopologyRunner;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.Repartitioned;
import org.apache.kafka.streams.processor.api.ContextualFixedKeyProcessor;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.FixedKeyRecord;
import org.apache.kafka.streams.processor.api.Record;

/**
 * parse -> repartition by adapter -> drop duplicates -> {@code curated}, {@code outcomes} or the dead letters. Reads
 * bytes, so that no record can stop it.
 */
public final class Curate {
    private static final Serde<byte[]> BYTES = Serdes.ByteArray();
    private static final Serde<CuratedExample> CURATED =
            Serdes.serdeFrom((topic, example) -> example.toByteArray(), (topic, bytes) -> read(bytes));

    private final Topics topics;
    private final int partitions;
    private final Parse parse;
    private final Duration dedupeWindow;
    private final Supplier<RefusedRecords> refused;

    /**
     * @param partitions of the topic {@code curated}
     * @param refused opens the dead letters, once one is sent again
     */
    public Curate(Topics topics, int partitions, Parse parse, Duration dedupeWindow, Supplier<RefusedRecords> refused) {
        this.topics = topics;
        this.partitions = partitions;
        this.parse = parse;
        this.dedupeWindow = dedupeWindow;
        this.refused = refused;
    }

    /** Keeps it running in this process; see {@link TopologyRunner}. */
    public TopologyRunner runner(KafkaSettings kafka, Duration commitInterval, Path stateDirectory, String instanceId) {
        return new TopologyRunner("curator", kafka, this::topology, commitInterval, stateDirectory, instanceId);
    }

    public Topology topology() {
        StreamsBuilder builder = new StreamsBuilder();
        builder.addStateStore(DropDuplicates.store(dedupeWindow));

        KStream<byte[], Verdict> parsed = builder.stream(topics.examples(), Consumed.with(BYTES, BYTES))
                .processValues(() -> new ParseStep(parse));
        KStream<String, Verdict> settled = accepted(parsed)
                .selectKey((key, example) -> example.getAdapter())
                .repartition(Repartitioned.with(Serdes.String(), CURATED)
                        .withName("by-adapter")
                        .withNumberOfPartitions(partitions))
                .process(() -> new DropDuplicates(dedupeWindow, refused), DropDuplicates.STORE);

        accepted(settled)
                .process(() -> new Reshape<>(Record::key, Record::value))
                .to(topics.curated(), Produced.with(Serdes.String(), CURATED));
        report(only(settled, Verdict.Duplicate.class).mapValues(Verdict.Duplicate::outcome));
        refuse(only(parsed, Verdict.Refused.class));
        refuse(only(settled, Verdict.Refused.class));
        return builder.build();
    }

    private <K> void refuse(KStream<K, Verdict.Refused> refused) {
        report(refused.mapValues(Verdict.Refused::outcome));
        refused.mapValues(Verdict.Refused::deadLetter)
                .process(() -> new ToDeadLetter<K>())
                .to(topics.deadLetters(), Produced.with(BYTES, BYTES));
    }

    private <K> void report(KStream<K, Outcome> outcomes) {
        outcomes.process(() -> new Reshape<K, Outcome, byte[], byte[]>(
                        r -> r.value().key(), r -> r.value().json()))
                .to(topics.outcomes(), Produced.with(BYTES, BYTES));
    }

    private static <K> KStream<K, CuratedExample> accepted(KStream<K, Verdict> verdicts) {
        return only(verdicts, Verdict.Accepted.class).mapValues(Verdict.Accepted::example);
    }

    private static <K, V extends Verdict> KStream<K, V> only(KStream<K, Verdict> verdicts, Class<V> kind) {
        return verdicts.filter((key, verdict) -> kind.isInstance(verdict)).mapValues(kind::cast);
    }

    private static CuratedExample read(byte[] bytes) {
        try {
            return CuratedExample.parseFrom(bytes);
        } catch (InvalidProtocolBufferException e) {
            throw new SerializationException("no CuratedExample", e);
        }
    }

    /** Adds to the bytes where they came from. */
    private static final class ParseStep extends ContextualFixedKeyProcessor<byte[], byte[], Verdict> {
        private final Parse parse;

        ParseStep(Parse parse) {
            this.parse = parse;
        }

        @Override
        public void process(FixedKeyRecord<byte[], byte[]> record) {
            InputRecord.Builder source = InputRecord.newBuilder().setTimestampMs(record.timestamp());
            context().recordMetadata().ifPresent(m -> source.setTopic(m.topic())
                    .setPartition(m.partition())
                    .setOffset(m.offset()));
            if (record.key() != null) {
                source.setKey(ByteString.copyFrom(record.key()));
            }
            context().forward(record.withValue(parse.parse(Optional.ofNullable(record.value()), source.build())));
        }
    }

    /** A new key and value, and none of the producer's headers. */
    private static final class Reshape<K, V, L, W> extends ContextualProcessor<K, V, L, W> {
        private final Function<Record<K, V>, L> key;
        private final Function<Record<K, V>, W> value;

        Reshape(Function<Record<K, V>, L> key, Function<Record<K, V>, W> value) {
            this.key = key;
            this.value = value;
        }

        @Override
        public void process(Record<K, V> record) {
            context()
                    .forward(new Record<>(
                            key.apply(record), value.apply(record), record.timestamp(), new RecordHeaders()));
        }
    }

    /** The producer's key, value and headers, with the reason added to the headers. */
    private static final class ToDeadLetter<K> extends ContextualProcessor<K, DeadLetter, byte[], byte[]> {
        @Override
        public void process(Record<K, DeadLetter> record) {
            ProducerRecord<byte[], byte[]> letter = record.value().toRecord("dead-letters");
            RecordHeaders headers = new RecordHeaders(record.headers());
            letter.headers().forEach(h -> {
                headers.remove(h.key());
                headers.add(h);
            });
            context().forward(new Record<>(letter.key(), letter.value(), record.timestamp(), headers));
        }
    }
}
