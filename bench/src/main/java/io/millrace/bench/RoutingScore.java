package io.millrace.bench;

import io.millrace.embedding.RoutingRule;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/** What came of routed prompts. */
final class RoutingScore {
    private int inScope;
    private int outOfScope;
    private int nearestRight;
    private int routedRight;
    private int abstainedRight;
    private int abstainedWrong;
    private final List<Scored> scores = new ArrayList<>();

    private record Scored(double similarity, boolean inScope) {}

    void add(LabelledPrompts.Prompt prompt, List<RoutingRule.Candidate<String>> ranked) {
        RoutingRule.Candidate<String> nearest = ranked.get(0);
        scores.add(new Scored(nearest.similarity(), prompt.isInScope()));
        if (!prompt.isInScope()) {
            outOfScope++;
            abstainedRight += nearest.claims() ? 0 : 1;
            return;
        }
        inScope++;
        boolean right = nearest.key().equals(prompt.topic());
        nearestRight += right ? 1 : 0;
        routedRight += right && nearest.claims() ? 1 : 0;
        abstainedWrong += nearest.claims() ? 0 : 1;
    }

    /**
     * {@code accuracy}: prompts in scope whose nearest adapter is theirs; {@code auroc}: how well the nearest cosine
     * tells prompts in scope from others; {@code routed_accuracy}: with the abstain rule, over all prompts.
     */
    void into(Map<String, Object> line) {
        line.put("test", inScope + outOfScope);
        line.put("accuracy", share(nearestRight, inScope));
        line.put("auroc", RoutingBench.round(auroc(), 4));
        line.put("routed_accuracy", share(routedRight + abstainedRight, inScope + outOfScope));
        line.put("in_scope_routed_right", share(routedRight, inScope));
        line.put("in_scope_abstained", share(abstainedWrong, inScope));
        line.put("out_of_scope_abstained", share(abstainedRight, outOfScope));
    }

    private static double share(int part, int whole) {
        return whole == 0 ? 0 : RoutingBench.round((double) part / whole, 4);
    }

    /** The Mann-Whitney statistic; ties count half. 0.5 where one of the two kinds is missing. */
    private double auroc() {
        List<Scored> sorted = new ArrayList<>(scores);
        sorted.sort(Comparator.comparingDouble(Scored::similarity));
        double rankSum = 0;
        for (int i = 0; i < sorted.size(); ) {
            int end = i;
            while (end < sorted.size()
                    && sorted.get(end).similarity() == sorted.get(i).similarity()) {
                end++;
            }
            double rank = (i + 1 + end) / 2.0;
            for (; i < end; i++) {
                rankSum += sorted.get(i).inScope() ? rank : 0;
            }
        }
        double pairs = (double) inScope * outOfScope;
        return pairs == 0 ? 0.5 : (rankSum - inScope * (inScope + 1) / 2.0) / pairs;
    }
}
