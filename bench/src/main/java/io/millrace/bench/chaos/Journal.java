package io.millrace.bench.chaos;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.protobuf.InvalidProtocolBufferException;
import io.millrace.proto.internal.JournalRecord;
import io.millrace.proto.internal.PlannedRecord;
import io.millrace.proto.internal.RoundPlanned;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** Holds the journal's rounds against the outcomes: each trained example stands in one committed round, and in that one. */
final class Journal {
    private final Findings findings;
    private final Map<String, Long> trained = new HashMap<>();
    private final Map<String, Long> heldOut = new HashMap<>();
    private final Map<String, RoundPlanned> pending = new TreeMap<>();
    private final List<String> versions = new ArrayList<>();
    private final Map<String, Long> counts = new TreeMap<>();

    Journal(Findings findings) {
        this.findings = findings;
    }

    void read(List<ConsumerRecord<byte[], byte[]>> records) {
        for (ConsumerRecord<byte[], byte[]> record : records) {
            try {
                apply(JournalRecord.parseFrom(record.value()));
            } catch (InvalidProtocolBufferException e) {
                throw new UncheckedIOException(e);
            }
        }
        pending.forEach((adapter, plan) ->
                findings.lost("round " + plan.getRound() + " of " + adapter + " is planned and never came to an end"));
    }

    private void apply(JournalRecord record) {
        String adapter = record.getAdapter();
        counts.merge(record.getEventCase().name(), 1L, Long::sum);
        switch (record.getEventCase()) {
            case ROUND_PLANNED -> {
                if (pending.put(adapter, record.getRoundPlanned()) != null) {
                    findings.twice("plan of " + adapter + " before the one before came to an end: round "
                            + record.getRoundPlanned().getRound());
                }
            }
            case ROUND_COMMITTED -> ended(adapter, record.getRoundCommitted().getRound(), true);
            case ROUND_ABANDONED -> ended(adapter, record.getRoundAbandoned().getRound(), false);
            case VERSION_CUT -> {
                String version = record.getVersionCut().getVersionId();
                if (versions.contains(version)) {
                    findings.twice("version " + version + " of " + adapter + " was cut again");
                }
                versions.add(version);
            }
            default -> {}
        }
    }

    private void ended(String adapter, long round, boolean committed) {
        RoundPlanned plan = pending.remove(adapter);
        if (plan == null || plan.getRound() != round) {
            findings.wrong("round " + round + " of " + adapter + " ended without its plan");
            return;
        }
        for (PlannedRecord record : plan.getRecordsList()) {
            String id = adapter + " " + record.getExampleId();
            if (record.getDisposition() == PlannedRecord.Disposition.HELD_OUT) {
                once(heldOut.put(id, round), id + " was held out", round);
            } else if (record.getDisposition() == PlannedRecord.Disposition.FRESH && committed) {
                once(trained.put(id, round), id + " was trained", round);
            }
        }
    }

    private void once(Long earlier, String what, long round) {
        if (earlier != null) {
            findings.twice(what + " in rounds " + earlier + " and " + round);
        }
    }

    void compare(Outcomes outcomes) {
        compare("TRAINED", outcomes.of("TRAINED"), trained);
        compare("HELD_OUT", outcomes.of("HELD_OUT"), heldOut);
    }

    private void compare(String kind, Map<String, JsonNode> reported, Map<String, Long> journaled) {
        reported.forEach((id, outcome) -> {
            Long round = journaled.get(id);
            if (round == null) {
                findings.lost(id + " is reported as " + kind + ", and no round has it");
            } else if (outcome.has("round") && outcome.path("round").asLong() != round) {
                findings.wrong(
                        id + " is reported as trained in round " + outcome.path("round") + ", and was in " + round);
            }
        });
        journaled.keySet().stream()
                .filter(id -> !reported.containsKey(id))
                .forEach(id -> findings.lost("the outcome " + kind + " of " + id));
    }

    /** Ids of the versions that were cut, in the journal's order. */
    List<String> versions() {
        return versions;
    }

    /** Records by event. */
    Map<String, Long> counts() {
        return counts;
    }
}
