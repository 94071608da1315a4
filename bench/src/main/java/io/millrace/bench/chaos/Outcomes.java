package io.millrace.bench.chaos;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.bench.chaos.Stream.Place;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** Holds what was sent against what became of it: each input record has one outcome, and it is the right one. */
final class Outcomes {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Input input;
    private final Findings findings;
    private final Map<Place, Input.Sent> inputs = new LinkedHashMap<>();
    private final Map<Place, JsonNode> outcomes = new HashMap<>();
    private final Map<String, Long> counts = new TreeMap<>();

    Outcomes(Input input, Findings findings) {
        this.input = input;
        this.findings = findings;
    }

    /** What the examples topic holds, against what the broker confirmed. */
    void inputs(List<ConsumerRecord<byte[], byte[]>> examples, Map<Place, Long> acknowledged) {
        Set<Long> numbers = new HashSet<>();
        for (ConsumerRecord<byte[], byte[]> record : examples) {
            Place place = new Place(record.partition(), record.offset());
            Input.numberOf(record.value())
                    .map(input::record)
                    .ifPresentOrElse(
                            sent -> {
                                inputs.put(place, sent);
                                if (!numbers.add(sent.number())) {
                                    findings.twice("record " + sent.number() + " is in the topic, sent once");
                                }
                            },
                            () -> findings.wrong("nobody sent the record at " + place));
        }
        acknowledged.forEach((place, number) -> {
            Input.Sent there = inputs.get(place);
            if (there == null || there.number() != number) {
                findings.lost("record " + number + ", which the broker confirmed at " + place);
            }
        });
    }

    void outcomes(List<ConsumerRecord<byte[], byte[]>> records) {
        for (ConsumerRecord<byte[], byte[]> record : records) {
            JsonNode outcome = json(record.value());
            JsonNode source = outcome.path("source");
            Place place = new Place(
                    source.path("partition").asInt(), source.path("offset").asLong());
            if (!inputs.containsKey(place)) {
                findings.wrong("an outcome of a record that isn't there: " + outcome);
            }
            JsonNode earlier = outcomes.putIfAbsent(place, outcome);
            if (earlier != null) {
                findings.twice("outcome of " + place + ": " + earlier + " and " + outcome);
            }
            counts.merge(outcome.path("outcome").asText(), 1L, Long::sum);
            if (code(outcome).equals("training_failed")) {
                counts.merge("ABANDONED", 1L, Long::sum);
            }
        }
        Map<String, List<Place>> byId = new LinkedHashMap<>();
        inputs.forEach((place, sent) -> {
            if (!outcomes.containsKey(place)) {
                findings.lost("record " + sent.number() + " at " + place + " has no outcome");
            } else if (sent.kind() == Input.Kind.MALFORMED) {
                expect(sent, place, "REJECTED", sent.kind().code());
            } else {
                byId.computeIfAbsent(sent.adapter() + " " + sent.id(), id -> new ArrayList<>())
                        .add(place);
            }
        });
        byId.values().forEach(this::judge);
    }

    /** The records of one id: one is taken, copies of it are duplicates, others are refused. */
    private void judge(List<Place> places) {
        List<Place> taken = places.stream()
                .filter(p ->
                        !kind(p).equals("DUPLICATE") && !code(outcomes.get(p)).equals("id_reused"))
                .toList();
        if (taken.size() != 1) {
            String what = places.stream().map(p -> outcomes.get(p).toString()).toList() + " of one id";
            if (taken.isEmpty()) {
                findings.lost(what);
            } else {
                findings.twice(what);
            }
            return;
        }
        Place first = taken.get(0);
        Input.Sent sent = inputs.get(first);
        if (sent.kind() == Input.Kind.TOO_LONG) {
            expect(sent, first, "REJECTED", sent.kind().code());
        } else if (!code(outcomes.get(first)).equals("training_failed")) {
            expect(sent, first, sent.heldOut() ? "HELD_OUT" : "TRAINED", "");
        }
        for (Place other : places) {
            if (!other.equals(first)) {
                // Two that took the id with other content differ from each other too.
                boolean same = inputs.get(other).kind() == sent.kind() && sent.kind() != Input.Kind.REUSED;
                expect(inputs.get(other), other, same ? "DUPLICATE" : "REJECTED", same ? "" : "id_reused");
            }
        }
    }

    private void expect(Input.Sent sent, Place place, String kind, String code) {
        JsonNode outcome = outcomes.get(place);
        if (!kind(place).equals(kind) || !code(outcome).equals(code)) {
            findings.wrong(
                    sent.kind() + " record " + sent.number() + " came to " + outcome + ", not " + kind + " " + code);
        }
    }

    private String kind(Place place) {
        return outcomes.get(place).path("outcome").asText();
    }

    private static String code(JsonNode outcome) {
        return outcome.path("code").asText("");
    }

    private static JsonNode json(byte[] bytes) {
        try {
            return JSON.readTree(bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Outcomes that say so, by adapter and id. */
    Map<String, JsonNode> of(String kind) {
        Map<String, JsonNode> byId = new HashMap<>();
        outcomes.values().stream()
                .filter(o -> o.path("outcome").asText().equals(kind))
                .forEach(o ->
                        byId.put(o.path("adapter").asText() + " " + o.path("id").asText(), o));
        return byId;
    }

    /** Records of the examples topic. */
    long records() {
        return inputs.size();
    }

    /** By kind. */
    Map<String, Long> counts() {
        return counts;
    }
}
