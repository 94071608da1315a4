package io.millrace.trainer.forget;

import io.millrace.core.AdapterName;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.topics.KafkaSettings;
import io.millrace.topics.Topics;
import io.millrace.trainer.job.Job;
import io.millrace.trainer.job.Waits;
import io.millrace.trainer.protocol.CrashPoint;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.function.Predicate;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;

/**
 * Erases what topics hold of forgotten examples. Kafka deletes records from a partition's start up to an offset, not one
 * by one. Of {@code examples} and {@code feedback}, whose records must not come twice, all up to the last that holds such
 * a text go, once their reader has passed it: the others are in archives and rewards already. Dead letters and decisions
 * are for people: all others of the partition are written again behind the rest before it is cleared.
 */
record EraseRecords(KafkaSettings kafka, AdapterName adapter, Set<String> ids) {
    private static final Duration READ_AT_MOST = Duration.ofSeconds(30);

    /** What was found of a partition. */
    private record Found(int records, long last, long others) {
        static final Found NOTHING = new Found(0, -1, 0);

        Found and(ConsumerRecord<byte[], byte[]> record, long othersBefore) {
            return new Found(records + 1, record.offset(), othersBefore);
        }
    }

    /** @throws MillraceException {@code kafka_unavailable} */
    List<ErasedRecords> erase(Job.Watch watch) {
        ForgottenRecord forgotten = new ForgottenRecord(adapter, ids);
        Topics topics = kafka.topics();
        List<ErasedRecords> erased = new ArrayList<>();
        try (Admin admin = Admin.create(kafka.clientProperties());
                TopicReader reader = new TopicReader(kafka)) {
            erased.addAll(clear(admin, reader, topics.examples(), forgotten::example, topics.id("curator"), watch));
            erased.addAll(rewrite(admin, reader, topics.deadLetters(), forgotten::example));
            if (forgotten.corrections()) {
                erased.addAll(
                        clear(admin, reader, topics.feedback(), forgotten::decision, topics.id("observer"), watch));
                erased.addAll(rewrite(admin, reader, topics.decisions(), forgotten::decision));
            }
        } catch (KafkaException e) {
            throw new MillraceException(
                    ErrorCode.KAFKA_UNAVAILABLE, "topics can't be cleared: " + e.getMessage() + "; ask again", e);
        }
        return erased;
    }

    private static Map<TopicPartition, Found> find(
            TopicReader reader, Map<TopicPartition, Long> ends, Predicate<ConsumerRecord<byte[], byte[]>> meant) {
        Map<TopicPartition, Found> found = new TreeMap<>((a, b) -> Integer.compare(a.partition(), b.partition()));
        Map<TopicPartition, Long> others = new HashMap<>();
        reader.eachStored(ends, record -> {
            TopicPartition partition = new TopicPartition(record.topic(), record.partition());
            if (meant.test(record)) {
                found.merge(
                        partition,
                        Found.NOTHING.and(record, others.getOrDefault(partition, 0L)),
                        (before, now) -> new Found(before.records() + 1, now.last(), now.others()));
            } else {
                others.merge(partition, 1L, Long::sum);
            }
        });
        return found;
    }

    /** @param group of those who must have read a record before it goes */
    private static List<ErasedRecords> clear(
            Admin admin,
            TopicReader reader,
            String topic,
            Predicate<ConsumerRecord<byte[], byte[]>> meant,
            String group,
            Job.Watch watch) {
        List<ErasedRecords> erased = new ArrayList<>();
        find(reader, reader.ends(topic), meant).forEach((partition, found) -> {
            boolean read = passed(admin, group, partition, found.last(), watch);
            if (read) {
                delete(admin, partition, found.last() + 1);
            }
            erased.add(new ErasedRecords(
                    topic,
                    partition.partition(),
                    found.records(),
                    read ? found.last() + 1 : 0,
                    read ? found.others() : 0,
                    0,
                    read ? 0 : found.records()));
        });
        return erased;
    }

    private static boolean passed(Admin admin, String group, TopicPartition partition, long offset, Job.Watch watch) {
        long deadline = System.nanoTime() + READ_AT_MOST.toNanos();
        while (committed(admin, group, partition) <= offset) {
            if (System.nanoTime() > deadline) {
                return false;
            }
            Waits.pause(watch);
        }
        return true;
    }

    private static long committed(Admin admin, String group, TopicPartition partition) {
        OffsetAndMetadata committed = get(admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata())
                .get(partition);
        return committed == null ? 0 : committed.offset();
    }

    private List<ErasedRecords> rewrite(
            Admin admin, TopicReader reader, String topic, Predicate<ConsumerRecord<byte[], byte[]>> meant) {
        Map<TopicPartition, Long> ends = reader.ends(topic);
        Map<TopicPartition, Found> found = find(reader, ends, meant);
        ends.keySet().retainAll(found.keySet());
        Map<TopicPartition, Long> kept =
                ends.isEmpty() ? Map.of() : new KeepOthers(kafka, reader).write(ends, meant.negate());
        List<ErasedRecords> erased = new ArrayList<>();
        ends.forEach((partition, end) -> {
            CrashPoint.MID_TOPICS.pass();
            delete(admin, partition, end);
            erased.add(new ErasedRecords(
                    topic,
                    partition.partition(),
                    found.get(partition).records(),
                    end,
                    0,
                    kept.getOrDefault(partition, 0L),
                    0));
        });
        return erased;
    }

    private static void delete(Admin admin, TopicPartition partition, long before) {
        get(admin.deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(before)))
                .all());
    }

    private static <T> T get(KafkaFuture<T> future) {
        try {
            return future.get();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof KafkaException known ? known : new KafkaException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new MillraceException(ErrorCode.TIMED_OUT, "interrupted", e);
        }
    }
}
