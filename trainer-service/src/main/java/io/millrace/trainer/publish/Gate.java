package io.millrace.trainer.publish;

import io.millrace.core.GateSettings;
import io.millrace.proto.internal.Comparison;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.stream.Collectors;

/**
 * The rule by which a candidate takes the champion's place: on no set is it worse by more than that set's tolerance with
 * the confidence asked for. A set of too few examples can't judge, so it lets pass, and says so.
 *
 * @param minExamples that a set needs to judge
 */
record Gate(GateSettings settings, int minExamples, long seed) {
    static final String ROLLING = "rolling";
    static final String REFERENCE = "reference";

    private static final String PASSES = "passes";
    static final String FAILS = "fails";
    private static final String TOO_FEW = "too_few";

    /** Losses of both models on the same examples. */
    record Pairs(double[] candidate, double[] champion) {}

    /** What the gate says. */
    record Decision(boolean promote, String reason, List<Comparison> comparisons) {}

    Decision decide(Pairs rolling, Pairs reference) {
        List<Comparison> comparisons = new ArrayList<>();
        compare(ROLLING, rolling, settings.tolerance(), comparisons);
        compare(REFERENCE, reference, settings.referenceTolerance(), comparisons);
        List<Comparison> judges = comparisons.stream()
                .filter(c -> !c.getVerdict().equals(TOO_FEW))
                .toList();
        if (judges.isEmpty()) {
            return new Decision(true, nobodyJudges(comparisons), comparisons);
        }
        List<Comparison> against =
                judges.stream().filter(c -> c.getVerdict().equals(FAILS)).toList();
        return new Decision(
                against.isEmpty(),
                (against.isEmpty() ? judges : against).stream().map(Gate::words).collect(Collectors.joining("; ")),
                comparisons);
    }

    private String nobodyJudges(List<Comparison> comparisons) {
        int most = comparisons.stream().mapToInt(Comparison::getExamples).max().orElse(0);
        return comparisons.isEmpty()
                ? "no set is asked (gate.tolerance, gate.reference-tolerance are off): passes"
                : "only " + most + " of " + minExamples + " held-out examples: too few to judge, passes";
    }

    /** Two versions on the reference set, whether or not candidates are asked there. */
    Comparison onReference(Pairs pairs) {
        List<Comparison> comparisons = new ArrayList<>();
        compare(
                REFERENCE,
                pairs,
                OptionalDouble.of(settings.referenceTolerance().orElse(0)),
                comparisons);
        return comparisons.get(0);
    }

    private void compare(String set, Pairs pairs, OptionalDouble tolerance, List<Comparison> into) {
        if (tolerance.isEmpty()) {
            return;
        }
        int examples = pairs.candidate().length;
        double champion = mean(pairs.champion());
        Comparison.Builder comparison = Comparison.newBuilder()
                .setSet(set)
                .setExamples(examples)
                .setLoss(mean(pairs.candidate()))
                .setLossChampion(champion)
                .setTolerance(tolerance.getAsDouble());
        if (examples < minExamples) {
            into.add(comparison.setVerdict(TOO_FEW).build());
            return;
        }
        Bootstrap bootstrap = Bootstrap.of(
                pairs.candidate(), pairs.champion(), tolerance.getAsDouble() * champion, settings.confidence(), seed);
        into.add(comparison
                .setLower(bootstrap.lower())
                .setUpper(bootstrap.upper())
                .setWorseShare(bootstrap.worseShare())
                .setVerdict(bootstrap.worseShare() >= settings.confidence() ? FAILS : PASSES)
                .build());
    }

    static String words(Comparison c) {
        return String.format(
                Locale.ROOT,
                "%s set: loss %.4f, the champion's %.4f, difference %+.4f to %+.4f on %d examples, worse by more than "
                        + "%.1f %% in %.1f %% of %d resamples",
                c.getSet(),
                c.getLoss(),
                c.getLossChampion(),
                c.getLower(),
                c.getUpper(),
                c.getExamples(),
                100 * c.getTolerance(),
                100 * c.getWorseShare(),
                Bootstrap.RESAMPLES);
    }

    private static double mean(double[] losses) {
        return Arrays.stream(losses).average().orElse(Double.NaN);
    }
}
