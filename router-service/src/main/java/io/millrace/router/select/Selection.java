package io.millrace.router.select;

import io.millrace.core.AdapterName;
import io.millrace.embedding.RoutingRule;
import io.millrace.registry.VersionEntry;
import java.util.List;

/**
 * What a step decided.
 *
 * @param step name of the step
 * @param parts empty: the base alone
 * @param propensity probability with which this step chooses these parts for this request; 1 where the request named
 *     them
 * @param candidates what an automatic step chose from, nearest first
 * @param explored whether chance, not evidence, decided
 */
public record Selection(
        String step,
        List<Part> parts,
        double propensity,
        List<RoutingRule.Candidate<AdapterName>> candidates,
        boolean explored) {
    public Selection {
        parts = List.copyOf(parts);
        candidates = List.copyOf(candidates);
    }

    /** A version with its weight in the sum. */
    public record Part(VersionEntry version, double weight) {}

    /** The request named these. */
    static Selection named(List<Part> parts) {
        return new Selection("explicit", parts, 1, List.of(), false);
    }
}
