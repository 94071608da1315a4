package io.millrace.router.generate;

import io.millrace.core.BaseDescription;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.engine.decode.GenerationRequest;
import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * How to generate.
 *
 * @param maxTokens empty: the router's default, or what the context leaves where that is less
 */
public record Options(
        OptionalInt maxTokens,
        List<String> stop,
        double temperature,
        double topP,
        OptionalLong seed,
        boolean logprobs,
        int topLogprobs) {

    /** @throws MillraceException {@code context_length_exceeded} */
    public GenerationRequest request(
            int[] promptIds,
            List<GenerationRequest.WeightedAdapter> adapters,
            BaseDescription base,
            int defaultMaxTokens) {
        int room = base.maxPositions() - promptIds.length;
        if (room < maxTokens.orElse(1)) {
            throw new MillraceException(
                    ErrorCode.CONTEXT_LENGTH_EXCEEDED,
                    "the prompt has " + promptIds.length + " tokens"
                            + maxTokens.stream()
                                    .mapToObj(n -> " and " + n + " new ones were asked for")
                                    .findFirst()
                                    .orElse("")
                            + "; " + base.name() + " takes " + base.maxPositions()
                            + " in all: shorten the prompt or ask for fewer");
        }
        return new GenerationRequest(
                promptIds,
                adapters,
                maxTokens.orElse(Math.min(defaultMaxTokens, room)),
                stop,
                temperature,
                topP,
                seed,
                logprobs,
                topLogprobs);
    }
}
