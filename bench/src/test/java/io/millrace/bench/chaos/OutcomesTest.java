package io.millrace.bench.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.Test;

class OutcomesTest {
    private static final Input INPUT = new Input(7, 3);
    private static final int RECORDS = 400;

    private final Findings findings = new Findings();

    @Test
    void findsNothingWhereEachRecordHasTheOutcomeItMustHave() {
        audit(rightOutcomes());

        assertThat(findings.words()).isEmpty();
        assertThat(findings.none()).isTrue();
    }

    @Test
    void theInputHoldsEveryKindOfRecord() {
        assertThat(rightOutcomes())
                .anyMatch(o -> o.contains("TRAINED"))
                .anyMatch(o -> o.contains("HELD_OUT"))
                .anyMatch(o -> o.contains("DUPLICATE"))
                .anyMatch(o -> o.contains("id_reused"))
                .anyMatch(o -> o.contains("malformed_json"))
                .anyMatch(o -> o.contains("too_long"));
    }

    @Test
    void countsAMissingOutcomeAsALoss() {
        List<String> outcomes = rightOutcomes();
        outcomes.remove(17);

        audit(outcomes);

        assertThat(findings.losses()).isPositive();
    }

    @Test
    void countsASecondOutcomeAsADuplicate() {
        List<String> outcomes = rightOutcomes();
        outcomes.add(outcomes.get(17));

        audit(outcomes);

        assertThat(findings.duplicates()).isEqualTo(1);
    }

    @Test
    void seesACopyThatWasTrainedToo() {
        List<String> outcomes = rightOutcomes();
        outcomes.replaceAll(o -> o.replace("DUPLICATE", "TRAINED"));

        audit(outcomes);

        assertThat(findings.duplicates()).isPositive();
    }

    @Test
    void seesAHeldOutExampleThatWasTrained() {
        List<String> outcomes = rightOutcomes();
        outcomes.replaceAll(o -> o.replace("HELD_OUT", "TRAINED"));

        audit(outcomes);

        assertThat(findings.wrongs()).isPositive();
    }

    @Test
    void knowsThatTwoWithOtherContentAreNoCopiesWhereOneCameFirst() {
        // In this input 10972 and 10973 both take the id of 10937.
        Input input = new Input(9, 4);
        List<Long> arrived = List.of(10_972L, 10_937L, 10_973L);
        List<String> outcomes = List.of(
                outcomeAt(0, "\"outcome\":\"TRAINED\""),
                outcomeAt(1, "\"outcome\":\"REJECTED\",\"code\":\"id_reused\""),
                outcomeAt(2, "\"outcome\":\"REJECTED\",\"code\":\"id_reused\""));

        audit(input, arrived, outcomes);

        assertThat(findings.words()).isEmpty();
    }

    @Test
    void missesAConfirmedRecordThatTheTopicDoesNotHold() {
        Outcomes outcomes = new Outcomes(INPUT, findings);

        outcomes.inputs(List.of(), Map.of(new Stream.Place(0, 0), 0L));

        assertThat(findings.losses()).isEqualTo(1);
    }

    @Test
    void seesARecordThatTheBrokerTookTwice() {
        byte[] json = INPUT.record(3).json();

        new Outcomes(INPUT, findings).inputs(List.of(record(0, json), record(1, json)), Map.of());

        assertThat(findings.duplicates()).isEqualTo(1);
    }

    private void audit(List<String> outcomes) {
        audit(INPUT, LongStream.range(0, RECORDS).boxed().toList(), outcomes);
    }

    /** @param arrived numbers of the records, in the topic's order */
    private void audit(Input input, List<Long> arrived, List<String> outcomes) {
        Outcomes audited = new Outcomes(input, findings);
        audited.inputs(
                IntStream.range(0, arrived.size())
                        .mapToObj(i -> record(i, input.record(arrived.get(i)).json()))
                        .toList(),
                Map.of());
        List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
        for (String outcome : outcomes) {
            records.add(record(records.size(), outcome.getBytes(StandardCharsets.UTF_8)));
        }
        audited.outcomes(records);
    }

    private static String outcomeAt(long offset, String rest) {
        return "{\"source\":{\"partition\":0,\"offset\":" + offset + "}," + rest + "}";
    }

    /** As a system writes them that reads the records in order. */
    private static List<String> rightOutcomes() {
        Set<String> seen = new HashSet<>();
        List<String> outcomes = new ArrayList<>();
        for (long number = 0; number < RECORDS; number++) {
            Input.Sent sent = INPUT.record(number);
            outcomes.add(outcomeAt(
                    number,
                    "\"adapter\":\"" + sent.adapter() + "\",\"id\":\"" + sent.id() + "\",\"outcome\":"
                            + outcome(sent, seen)));
        }
        return outcomes;
    }

    private static String outcome(Input.Sent sent, Set<String> seen) {
        if (sent.kind() == Input.Kind.MALFORMED) {
            return "\"REJECTED\",\"code\":\"malformed_json\"";
        }
        if (!seen.add(sent.adapter() + " " + sent.id())) {
            return sent.kind() == Input.Kind.REUSED ? "\"REJECTED\",\"code\":\"id_reused\"" : "\"DUPLICATE\"";
        }
        return switch (sent.kind()) {
            case TOO_LONG -> "\"REJECTED\",\"code\":\"too_long\"";
            default -> sent.heldOut() ? "\"HELD_OUT\"" : "\"TRAINED\"";
        };
    }

    private static ConsumerRecord<byte[], byte[]> record(long offset, byte[] value) {
        return new ConsumerRecord<>("t", 0, offset, new byte[0], value);
    }
}
