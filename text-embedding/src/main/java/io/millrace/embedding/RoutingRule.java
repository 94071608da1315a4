package io.millrace.embedding;

import java.util.Comparator;
import java.util.List;
import java.util.Map;

/**
 * How prototypes decide. The nearest prototype wins by plain cosine; adapters' shares are a softmax over the cosines of
 * their nearest prototypes. A request farther from the winner than the winner's own prompts are belongs to none.
 *
 * @param temperature of the softmax, in cosine
 * @param abstainLevel fraction of an adapter's own prompts that may be taken for somebody else's; one of
 *     {@link Spread#LEVELS}
 * @param unrelatedCosine a request no nearer than this is always refused: so near any two sentences are, and few prompts
 *     can't tell how far their like may lie
 * @param relatedCosine a request at least this near is never refused: sentences this near say related things, however
 *     narrow an adapter's prompts are
 */
public record RoutingRule(double temperature, double abstainLevel, double unrelatedCosine, double relatedCosine) {

    public RoutingRule {
        if (!(temperature > 0)) {
            throw new IllegalArgumentException("temperature must be positive, not " + temperature);
        }
        if (!Spread.LEVELS.contains(abstainLevel)) {
            throw new IllegalArgumentException(
                    "abstain level must be one of " + Spread.LEVELS + ", not " + abstainLevel);
        }
    }

    /** Temperature 0.05; one in twenty of an adapter's own prompts refused at most; cosines of 0.25 count as unrelated, of 0.5
     * as related. */
    public static RoutingRule defaults() {
        return new RoutingRule(0.05, 0.05, 0.25, 0.5);
    }

    /**
     * One adapter's claim to a request.
     *
     * @param similarity cosine of its nearest prototype
     * @param threshold below it the request isn't one of its own
     * @param share of the softmax over all adapters
     */
    public record Candidate<K>(K key, double similarity, double threshold, double share) {
        public boolean claims() {
            return similarity >= threshold;
        }
    }

    /** All adapters, nearest first; equally near ones in the order of their keys. */
    public <K extends Comparable<? super K>> List<Candidate<K>> rank(Map<K, Prototypes> prototypes, float[] embedding) {
        List<Candidate<K>> candidates = prototypes.entrySet().stream()
                .map(e -> new Candidate<>(e.getKey(), e.getValue().nearest(embedding), threshold(e.getValue()), 0))
                .sorted(Comparator.<Candidate<K>>comparingDouble(c -> -c.similarity())
                        .thenComparing(Candidate::key))
                .toList();
        if (candidates.isEmpty()) {
            return candidates;
        }
        double nearest = candidates.get(0).similarity();
        double total =
                candidates.stream().mapToDouble(c -> unnormalised(c, nearest)).sum();
        return candidates.stream()
                .map(c -> new Candidate<>(c.key(), c.similarity(), c.threshold(), unnormalised(c, nearest) / total))
                .toList();
    }

    private double unnormalised(Candidate<?> candidate, double nearest) {
        return Math.exp((candidate.similarity() - nearest) / temperature);
    }

    private double threshold(Prototypes prototypes) {
        double own = prototypes.spread().quantiles().get(Spread.LEVELS.indexOf(abstainLevel));
        return Math.max(unrelatedCosine, Math.min(relatedCosine, own));
    }
}
