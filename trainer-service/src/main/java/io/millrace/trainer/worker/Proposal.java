package io.millrace.trainer.worker;

import io.millrace.core.AdapterName;
import io.millrace.proto.internal.JournalRecord;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.clients.producer.ProducerRecord;

/**
 * What a step wants written, all or nothing.
 *
 * @param events of the journal, in order
 * @param reports outcomes and dead letters that come true with them
 */
public record Proposal(AdapterName adapter, List<JournalRecord> events, List<ProducerRecord<byte[], byte[]>> reports) {

    public Proposal {
        events = List.copyOf(events);
        reports = List.copyOf(reports);
    }

    public static Proposal of(AdapterName adapter, List<JournalRecord> events) {
        return new Proposal(adapter, events, List.of());
    }

    /** Both, in this order. */
    public Proposal and(Proposal next) {
        List<JournalRecord> bothEvents = new ArrayList<>(events);
        bothEvents.addAll(next.events());
        List<ProducerRecord<byte[], byte[]>> bothReports = new ArrayList<>(reports);
        bothReports.addAll(next.reports());
        return new Proposal(adapter, bothEvents, bothReports);
    }
}
