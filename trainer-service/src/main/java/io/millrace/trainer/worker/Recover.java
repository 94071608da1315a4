package io.millrace.trainer.worker;

import com.google.protobuf.InvalidProtocolBufferException;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.proto.internal.JournalSnapshot;
import io.millrace.store.BlobStore;
import io.millrace.topics.Topics;
import io.millrace.trainer.protocol.CrashPoint;
import io.millrace.trainer.protocol.JournalFold;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;

/**
 * Reads what a partition of the journal says: from the last snapshot of its fold to the journal's end, once no
 * transaction of an earlier worker is pending. For the recovery thread alone.
 */
final class Recover implements AutoCloseable {
    private static final Duration POLL = Duration.ofMillis(100);

    private final Admin admin;
    private final Consumer<byte[], byte[]> consumer;
    private final Topics topics;
    private final BlobStore store;
    private String clusterId = "";

    /**
     * @param consumer read_committed, of the workers' group but never a member of it
     */
    Recover(Admin admin, Consumer<byte[], byte[]> consumer, Topics topics, BlobStore store) {
        this.admin = admin;
        this.consumer = consumer;
        this.topics = topics;
        this.store = store;
    }

    /**
     * The fold of the whole partition.
     *
     * @throws MillraceException {@code incompatible_log}, {@code store_unavailable}
     * @throws KafkaException where Kafka can't be reached
     */
    JournalFold recover(int partition, BooleanSupplier cancelled) {
        // Waits for pending transactions: from here on no earlier worker's offsets, and so no plan or commit of it, can
        // still come true.
        consumer.committed(Set.of(new TopicPartition(topics.curated(), partition)));
        TopicPartition journal = new TopicPartition(topics.journal(), partition);
        long end = endOf(journal);
        JournalFold fold = snapshot(partition).map(JournalFold::of).orElseGet(JournalFold::empty);
        if (fold.nextOffset() > end) {
            throw new MillraceException(
                    ErrorCode.INCOMPATIBLE_LOG,
                    "the journal's partition " + partition + " ends at " + end + ", its snapshot at "
                            + fold.nextOffset() + ": the topic was lost or replaced; restore it");
        }
        consumer.assign(List.of(journal));
        consumer.seek(journal, fold.nextOffset());
        while (consumer.position(journal) < end && !cancelled.getAsBoolean()) {
            for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
                fold = fold.apply(record.offset(), record.timestamp(), JournalRecords.read(record));
            }
        }
        CrashPoint.RECOVERED.pass();
        return fold;
    }

    /** Stores the fold, so that the next recovery needn't read the journal from its start. */
    void store(int partition, JournalFold fold) {
        store.putSnapshot(name(partition), fold.toSnapshot().toByteArray());
    }

    private Optional<JournalSnapshot> snapshot(int partition) {
        return store.getSnapshot(name(partition)).map(bytes -> {
            try {
                return JournalSnapshot.parseFrom(bytes);
            } catch (InvalidProtocolBufferException e) {
                throw new MillraceException(
                        ErrorCode.INCOMPATIBLE_LOG,
                        "the snapshot " + name(partition) + " can't be read; delete it and start again",
                        e);
            }
        });
    }

    private String name(int partition) {
        if (clusterId.isEmpty()) {
            clusterId = get(admin.describeCluster().clusterId());
        }
        return "journal/" + clusterId + "/" + topics.journal() + "/" + partition;
    }

    /** Past every record, committed or not. */
    private long endOf(TopicPartition partition) {
        return get(admin.listOffsets(Map.of(partition, OffsetSpec.latest())).all())
                .get(partition)
                .offset();
    }

    private static <T> T get(KafkaFuture<T> future) {
        try {
            return future.get();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof KafkaException kafka ? kafka : new KafkaException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptException(e);
        }
    }

    @Override
    public void close() {
        consumer.close();
    }
}
