package io.millrace.trainer.observe;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import io.millrace.proto.internal.Evaluation;
import io.millrace.proto.internal.JournalRecord;
import io.millrace.proto.internal.RoundCommitted;
import io.millrace.proto.internal.VersionCut;
import java.util.OptionalDouble;

/**
 * One adapter in one window of time, as {@code millrace.health} has it, keyed by adapter.
 *
 * @param windowStart RFC 3339, UTC; empty inside the aggregation
 * @param lossSum before the update, over the examples
 * @param gradientNorm the largest, before clipping
 * @param heldoutLoss of the last version cut in the window
 * @param promoted candidates that the gate let pass
 */
@JsonNaming(SnakeCaseStrategy.class)
@JsonIgnoreProperties(ignoreUnknown = true)
@JsonInclude(JsonInclude.Include.NON_ABSENT)
record Health(
        String adapter,
        String windowStart,
        String windowEnd,
        long rounds,
        long abandoned,
        long retried,
        long examples,
        long tokens,
        long trainMillis,
        double lossSum,
        double gradientNorm,
        OptionalDouble heldoutLoss,
        long promoted,
        long refused) {

    static Health none() {
        return new Health("", "", "", 0, 0, 0, 0, 0, 0, 0, 0, OptionalDouble.empty(), 0, 0);
    }

    Health with(String name, JournalRecord record) {
        return switch (record.getEventCase()) {
            case ROUND_COMMITTED -> committed(name, record.getRoundCommitted());
            case ROUND_ABANDONED -> counted(name, 1, 0);
            case ROUND_RETRIED -> counted(name, 0, record.getRoundRetried().getHandedOver() ? 0 : 1);
            case VERSION_CUT -> cut(name, record.getVersionCut());
            default -> this;
        };
    }

    private Health committed(String name, RoundCommitted round) {
        return new Health(
                name,
                windowStart,
                windowEnd,
                rounds + 1,
                abandoned,
                retried,
                examples + round.getLossesCount(),
                tokens + round.getTokens(),
                trainMillis + round.getTrainMillis(),
                lossSum
                        + round.getLossesList().stream()
                                .mapToDouble(Double::doubleValue)
                                .sum(),
                round.getGradNormsList().stream()
                        .mapToDouble(Double::doubleValue)
                        .reduce(gradientNorm, Math::max),
                heldoutLoss,
                promoted,
                refused);
    }

    private Health counted(String name, int moreAbandoned, int moreRetried) {
        return new Health(
                name,
                windowStart,
                windowEnd,
                rounds,
                abandoned + moreAbandoned,
                retried + moreRetried,
                examples,
                tokens,
                trainMillis,
                lossSum,
                gradientNorm,
                heldoutLoss,
                promoted,
                refused);
    }

    private Health cut(String name, VersionCut cut) {
        Evaluation evaluation = cut.getCommand().getPublishVersion().getEvaluation();
        boolean passed = cut.getCommand().getPublishVersion().getPromotion().getPromote();
        return new Health(
                name,
                windowStart,
                windowEnd,
                rounds,
                abandoned,
                retried,
                examples,
                tokens,
                trainMillis,
                lossSum,
                gradientNorm,
                evaluation.getHeldoutExamples() > 0 ? OptionalDouble.of(evaluation.getHeldoutLoss()) : heldoutLoss,
                promoted + (passed ? 1 : 0),
                refused + (passed ? 0 : 1));
    }

    Health within(String start, String end) {
        return new Health(
                adapter,
                start,
                end,
                rounds,
                abandoned,
                retried,
                examples,
                tokens,
                trainMillis,
                lossSum,
                gradientNorm,
                heldoutLoss,
                promoted,
                refused);
    }

    /** Mean loss before the update. */
    @JsonProperty(access = JsonProperty.Access.READ_ONLY)
    OptionalDouble loss() {
        return examples == 0 ? OptionalDouble.empty() : OptionalDouble.of(lossSum / examples);
    }

    @JsonProperty(access = JsonProperty.Access.READ_ONLY)
    OptionalDouble perplexity() {
        return heldoutLoss.isPresent() ? OptionalDouble.of(Math.exp(heldoutLoss.getAsDouble())) : heldoutLoss;
    }

    @JsonProperty(access = JsonProperty.Access.READ_ONLY)
    OptionalDouble examplesPerSecond() {
        return trainMillis == 0 ? OptionalDouble.empty() : OptionalDouble.of(examples * 1e3 / trainMillis);
    }

    @JsonProperty(access = JsonProperty.Access.READ_ONLY)
    OptionalDouble tokensPerSecond() {
        return trainMillis == 0 ? OptionalDouble.empty() : OptionalDouble.of(tokens * 1e3 / trainMillis);
    }
}
