package io.millrace.trainer.publish;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.millrace.core.AdapterSettings;
import io.millrace.core.GateSettings;
import io.millrace.proto.internal.Comparison;
import io.millrace.trainer.publish.Gate.Pairs;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class GateTest {
    private static final Gate GATE = new Gate(GateSettings.defaults(), 30, 7);

    /** Losses around 1; the candidate's are higher by the difference, give or take noise of a tenth. */
    private static Pairs pairs(int examples, double difference) {
        double[] champion = IntStream.range(0, examples)
                .mapToDouble(i -> 0.5 + i % 11 / 10.0)
                .toArray();
        double[] candidate = IntStream.range(0, examples)
                .mapToDouble(i -> champion[i] + difference + (i % 7 - 3) / 30.0)
                .toArray();
        return new Pairs(candidate, champion);
    }

    @Test
    void aCandidateThatIsSurelyWorseIsRefusedWithItsNumbers() {
        Gate.Decision decision = GATE.decide(pairs(64, 0.2), pairs(64, 0));

        assertThat(decision.promote()).isFalse();
        assertThat(decision.reason()).startsWith("rolling set: loss").contains("64 examples");
        assertThat(decision.comparisons()).extracting(Comparison::getVerdict).containsExactly("fails", "passes");
        Comparison rolling = decision.comparisons().get(0);
        assertThat(rolling.getWorseShare()).isEqualTo(1);
        assertThat(rolling.getLower()).isBetween(0.15, 0.2);
        assertThat(rolling.getUpper()).isBetween(0.2, 0.25);
        assertThat(rolling.getLoss() - rolling.getLossChampion()).isEqualTo(0.2, within(0.02));
    }

    @Test
    void aDifferenceWithinToleranceOrUncertaintyPasses() {
        assertThat(GATE.decide(pairs(64, 0.005), pairs(64, 0.03)).promote()).isTrue();
        assertThat(GATE.decide(pairs(64, -0.1), pairs(64, -0.1)).promote()).isTrue();
        Pairs noisy = pairs(40, 0.02);
        noisy.candidate()[3] += 9;
        noisy.champion()[5] += 9;
        assertThat(GATE.decide(noisy, noisy).promote()).isTrue();
    }

    @Test
    void theReferenceSetCanRefuseAlone() {
        Gate.Decision decision = GATE.decide(pairs(64, -0.3), pairs(64, 0.2));

        assertThat(decision.promote()).isFalse();
        assertThat(decision.reason()).startsWith("reference set");
        GateSettings off =
                AdapterSettings.of(Map.of("gate.reference-tolerance", "off")).gate();
        assertThat(new Gate(off, 30, 7).decide(pairs(64, -0.3), pairs(64, 0.2)).promote())
                .isTrue();
    }

    @Test
    void tooFewExamplesPassAndSaySo() {
        Gate.Decision decision = GATE.decide(pairs(29, 5), pairs(29, 5));

        assertThat(decision.promote()).isTrue();
        assertThat(decision.reason()).isEqualTo("only 29 of 30 held-out examples: too few to judge, passes");
        assertThat(GATE.decide(pairs(30, 5), pairs(29, 5)).promote()).isFalse();
    }

    @Test
    void theSameSeedGivesTheSameNumbers() {
        assertThat(GATE.decide(pairs(64, 0.02), pairs(64, 0.02)))
                .isEqualTo(GATE.decide(pairs(64, 0.02), pairs(64, 0.02)));
        assertThat(new Gate(GateSettings.defaults(), 30, 8)
                        .decide(pairs(64, 0.02), pairs(64, 0.02))
                        .comparisons())
                .isNotEqualTo(GATE.decide(pairs(64, 0.02), pairs(64, 0.02)).comparisons());
    }
}
