package io.millrace.trainer.worker;

import io.millrace.core.Digest;
import io.millrace.proto.internal.CheckpointStored;
import io.millrace.proto.internal.JournalRecord;
import io.millrace.store.BlobStore;
import io.millrace.trainer.protocol.AdapterFold;
import io.millrace.trainer.protocol.JournalFold;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What may be late or missing without harm: snapshots of the journal's fold, deletion of curated records before the
 * committed position, deletion of checkpoints that nothing needs any more.
 */
final class Housekeeping {
    private static final Logger LOG = LoggerFactory.getLogger(Housekeeping.class);
    private static final Duration EVERY = Duration.ofSeconds(5);
    private static final int RECORDS_PER_SNAPSHOT = 200;

    private final Recover recover;
    private final Admin admin;
    private final BlobStore store;
    private final Mailbox mailbox;
    private Instant next = Instant.EPOCH;

    Housekeeping(Recover recover, Admin admin, BlobStore store, Mailbox mailbox) {
        this.recover = recover;
        this.admin = admin;
        this.store = store;
        this.mailbox = mailbox;
    }

    void tidy(Collection<Shard> shards, Instant now) {
        if (now.isBefore(next)) {
            return;
        }
        next = now.plus(EVERY);
        Map<TopicPartition, RecordsToDelete> deletable = new HashMap<>();
        for (Shard shard : shards) {
            if (!shard.ready()) {
                continue;
            }
            if (shard.recordsSinceSnapshot() >= RECORDS_PER_SNAPSHOT) {
                JournalFold fold = shard.fold();
                shard.snapshotTaken();
                late("a snapshot", () -> recover.store(shard.partition(), fold));
            }
            if (shard.deletable()) {
                deletable.put(shard.topicPartition(), RecordsToDelete.beforeOffset(shard.committed()));
            }
        }
        if (!deletable.isEmpty()) {
            late("deletion of covered records", () -> delete(deletable));
        }
    }

    /** A checkpoint that the last ones have made superfluous goes. */
    void written(Optional<AdapterFold> before, JournalRecord event) {
        if (!event.hasCheckpointStored() || before.isEmpty()) {
            return;
        }
        List<CheckpointStored> kept = before.get().checkpoints();
        boolean sameRound = kept.stream()
                .anyMatch(c -> c.getHead().getRound()
                        == event.getCheckpointStored().getHead().getRound());
        if (!sameRound && kept.size() == AdapterFold.CHECKPOINTS) {
            String blob = kept.get(0).getStateBlobSha256();
            boolean stillNamed = blob.equals(event.getCheckpointStored().getStateBlobSha256())
                    || kept.stream().skip(1).anyMatch(c -> c.getStateBlobSha256()
                            .equals(blob));
            if (!stillNamed && !beginsStretch(before.get())) {
                late("deletion of a checkpoint", () -> store.delete(new Digest(blob)));
            }
        }
    }

    /** Whether what follows the oldest checkpoint couldn't be computed again without it. */
    private static boolean beginsStretch(AdapterFold fold) {
        CheckpointStored oldest = fold.checkpoints().get(0);
        return oldest.getBeginsStretch()
                || fold.computed().stream()
                        .findFirst()
                        .filter(next -> !next.getCommitted().getFingerprint().equals(oldest.getFingerprint()))
                        .isPresent();
    }

    private void delete(Map<TopicPartition, RecordsToDelete> records) {
        try {
            admin.deleteRecords(records).all().get(10, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw new IllegalStateException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void late(String what, Runnable task) {
        mailbox.read(
                () -> {
                    task.run();
                    return true;
                },
                result -> result.failure().ifPresent(e -> LOG.info("{} must wait: {}", what, e.toString())));
    }
}
