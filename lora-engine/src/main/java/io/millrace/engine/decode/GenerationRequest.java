package io.millrace.engine.decode;

import java.util.List;
import java.util.OptionalLong;

/**
 * One text to generate.
 *
 * @param promptIds at least one token
 * @param adapters the exact sum W + sum w_i s_i B_i A_i is computed; empty: the base
 * @param maxTokens new tokens at most
 * @param stop generation ends before the first of these texts
 * @param temperature 0: greedy
 * @param topP nucleus of sampled tokens (Holtzman et al. 2020), 1: all
 * @param seed of the sampling; empty: drawn
 * @param topLogprobs how many alternatives of each token are reported, 0 for none
 * @param logprobs whether the chosen token's log-probability is reported
 */
public record GenerationRequest(
        int[] promptIds,
        List<WeightedAdapter> adapters,
        int maxTokens,
        List<String> stop,
        double temperature,
        double topP,
        OptionalLong seed,
        boolean logprobs,
        int topLogprobs) {

    /** An adapter with its weight in the composition. */
    public record WeightedAdapter(LoadedAdapter adapter, float weight) {}

    public GenerationRequest {
        adapters = List.copyOf(adapters);
        stop = List.copyOf(stop);
    }

    public static GenerationRequest greedy(int[] promptIds, List<WeightedAdapter> adapters, int maxTokens) {
        return new GenerationRequest(promptIds, adapters, maxTokens, List.of(), 0, 1, OptionalLong.empty(), false, 0);
    }
}
