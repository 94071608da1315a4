package io.millrace.trainer.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.core.AdapterName;
import io.millrace.proto.internal.JournalRecord;
import io.millrace.proto.internal.PlannedRecord;
import io.millrace.trainer.protocol.AdapterFold;
import io.millrace.trainer.protocol.JournalFold;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** What must hold in each state of the model: the architecture's invariants 2 and 3. */
final class Laws {
    private Laws() {}

    static void always(World world) {
        JournalFold journal = world.kafka.fold(JournalFold.empty(), world.kafka.journalEnd(), ModelProcess.NOW_MS);
        eachPlanTakesAllOfItsRecords(world);
        assertThat(world.kafka.outcomes()).as("outcomes").doesNotHaveDuplicates();
        assertThat(trained(world)).as("trained records").doesNotHaveDuplicates();
        nothingUncoveredIsCommitted(world, journal);
        whatAWorkerBelievesIsWhatTheJournalSays(world);
    }

    static void atTheEnd(World world) {
        List<Long> all = IntStream.range(0, world.curated().size())
                .mapToObj(i -> (long) i)
                .toList();
        assertThat(world.kafka.outcomes())
                .as("outcomes when nothing more can happen")
                .containsExactlyInAnyOrderElementsOf(all);
    }

    private static void nothingUncoveredIsCommitted(World world, JournalFold journal) {
        for (int offset = 0; offset < world.kafka.committed(); offset++) {
            String adapter = world.curated().get(offset);
            long through = journal.adapter(AdapterName.parse(adapter))
                    .map(f -> f.head().through())
                    .orElse(-1L);
            assertThat(through)
                    .as("the head of " + adapter + " covers record " + offset + ", which the committed offset is past")
                    .isGreaterThanOrEqualTo(offset);
        }
    }

    private static void whatAWorkerBelievesIsWhatTheJournalSays(World world) {
        for (ModelProcess process : world.processes) {
            if (process.recovery == ModelProcess.Recovery.DONE) {
                JournalFold believed = process.shard().fold();
                JournalFold said = world.kafka.fold(JournalFold.empty(), believed.nextOffset(), ModelProcess.NOW_MS);
                assertThat(believed.adapters())
                        .as("what " + process.name + " believes")
                        .isEqualTo(said.adapters());
            }
        }
    }

    private static void eachPlanTakesAllOfItsRecords(World world) {
        for (JournalRecord record : world.kafka.committedRecords()) {
            if (record.hasRoundPlanned()) {
                List<Long> taken = record.getRoundPlanned().getRecordsList().stream()
                        .map(PlannedRecord::getOffset)
                        .toList();
                List<Long> due = IntStream.rangeClosed(
                                (int) record.getRoundPlanned().getFrom() + 1,
                                (int) record.getRoundPlanned().getThrough())
                        .filter(i -> world.curated().get(i).equals(record.getAdapter()))
                        .mapToObj(i -> (long) i)
                        .toList();
                assertThat(taken)
                        .as("records of a plan of " + record.getAdapter())
                        .isEqualTo(due);
            }
        }
    }

    /** Offsets of the records in committed rounds, one for each round that has them. */
    private static List<Long> trained(World world) {
        JournalFold fold = JournalFold.empty();
        List<Long> trained = new ArrayList<>();
        Map<String, List<Long>> pending = new HashMap<>();
        for (JournalRecord record : world.kafka.committedRecords()) {
            fold = fold.apply(fold.nextOffset(), ModelProcess.NOW_MS, record);
            fold.adapter(AdapterName.parse(record.getAdapter()))
                    .flatMap(AdapterFold::pending)
                    .ifPresent(p -> pending.put(
                            record.getAdapter(),
                            p.plan().getRecordsList().stream()
                                    .map(PlannedRecord::getOffset)
                                    .toList()));
            if (record.hasRoundCommitted()) {
                trained.addAll(pending.getOrDefault(record.getAdapter(), List.of()));
            }
        }
        return trained;
    }
}
