package io.millrace.trainer.observe;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonProperty;

/**
 * Scores that answers got, summed up. As {@code millrace.rewards} has it, keyed by scope.
 *
 * @param scope {@code ns/name@<40 hex>} of a version, {@code ns/name} of all versions of an adapter
 * @param scores how many
 * @param sum of the scores, each in [0, 1]
 * @param squares sum of their squares
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record Reward(String scope, long scores, double sum, double squares) {

    static Reward none(String scope) {
        return new Reward(scope, 0, 0, 0);
    }

    Reward plus(Reward other) {
        return new Reward(scope, scores + other.scores, sum + other.sum, squares + other.squares);
    }

    @JsonProperty(access = JsonProperty.Access.READ_ONLY)
    public double mean() {
        return scores == 0 ? 0 : sum / scores;
    }

    /** Of one score. */
    @JsonIgnore
    public double variance() {
        return scores == 0 ? 0 : Math.max(0, squares / scores - mean() * mean());
    }
}
