package io.millrace.trainer.worker;

import io.millrace.proto.internal.JournalRecord;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;

/**
 * Writes proposals, each in one transaction with the consumer's offsets and its group membership: what a worker writes
 * that lost its partition aborts. For the polling thread alone.
 */
final class Ledger implements AutoCloseable {
    private final Producer<byte[], byte[]> producer;
    private final String journal;

    /** Nothing was written: the group has moved on. The next poll tells what is still assigned. */
    static final class StaleMemberException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        StaleMemberException(CommitFailedException cause) {
            super(cause);
        }
    }

    /** @param producer transactional; fences earlier ones of its id here */
    Ledger(Producer<byte[], byte[]> producer, String journal) {
        this.producer = producer;
        this.journal = journal;
        producer.initTransactions();
    }

    /**
     * Writes the proposal, or nothing.
     *
     * @return the journal's offset after the proposal's records
     * @throws StaleMemberException nothing was written
     * @throws KafkaException it isn't known whether it was written, or the producer can't go on: recover
     */
    long write(
            int partition,
            long timeMs,
            Proposal proposal,
            Map<TopicPartition, OffsetAndMetadata> offsets,
            ConsumerGroupMetadata member) {
        Optional<Passing> passing = Passing.of(proposal);
        passing.ifPresent(p -> p.before().pass());
        producer.beginTransaction();
        try {
            byte[] key = proposal.adapter().toString().getBytes(StandardCharsets.UTF_8);
            List<Future<RecordMetadata>> written = new ArrayList<>();
            for (JournalRecord event : proposal.events()) {
                written.add(producer.send(new ProducerRecord<>(journal, partition, timeMs, key, event.toByteArray())));
            }
            List<Future<RecordMetadata>> reported = new ArrayList<>();
            proposal.reports().forEach(report -> reported.add(producer.send(report)));
            producer.sendOffsetsToTransaction(offsets, member);
            passing.ifPresent(p -> p.during().pass());
            producer.commitTransaction();
            passing.ifPresent(p -> p.after().pass());
            for (Future<RecordMetadata> report : reported) {
                offset(report);
            }
            return offset(written.get(written.size() - 1)) + 1;
        } catch (CommitFailedException e) {
            producer.abortTransaction();
            throw new StaleMemberException(e);
        }
    }

    private static long offset(Future<RecordMetadata> written) {
        try {
            return written.get().offset();
        } catch (ExecutionException e) {
            throw new KafkaException("a committed transaction holds a record that wasn't written", e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptException(e);
        }
    }

    @Override
    public void close() {
        producer.close(Duration.ofSeconds(5));
    }
}
