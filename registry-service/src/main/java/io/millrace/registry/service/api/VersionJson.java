package io.millrace.registry.service.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import io.millrace.core.Digest;
import io.millrace.core.VersionId;
import io.millrace.registry.AdapterEntry;
import io.millrace.registry.VersionEntry;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * A version as the REST interface shows it.
 *
 * @param version its id, 40 hex
 * @param ordinal N of vN
 * @param aliases those that name it
 */
@JsonNaming(SnakeCaseStrategy.class)
@JsonInclude(JsonInclude.Include.NON_ABSENT)
public record VersionJson(
        String adapter,
        String version,
        int ordinal,
        String label,
        List<String> aliases,
        String baseId,
        Optional<String> parent,
        Optional<String> rebuiltFrom,
        String manifestSha256,
        List<FileJson> files,
        int rank,
        double alpha,
        List<String> targetModules,
        long rounds,
        long examples,
        EvaluationJson evaluation,
        Optional<String> prototypesSha256,
        String promotionReason,
        boolean retired,
        Instant publishedAt,
        long offset) {

    /** One file. */
    @JsonNaming(SnakeCaseStrategy.class)
    public record FileJson(String name, String sha256, long sizeBytes) {}

    /** The gate's numbers, without those that weren't measured. */
    @JsonNaming(SnakeCaseStrategy.class)
    @JsonInclude(JsonInclude.Include.NON_ABSENT)
    public record EvaluationJson(
            int heldoutExamples,
            Optional<Double> heldoutLoss,
            Optional<Double> heldoutLossChampion,
            Optional<Double> heldoutLossBase,
            Optional<Double> trainLoss,
            List<ComparisonJson> comparisons,
            Optional<Double> confidence,
            Optional<Integer> resamples,
            Optional<String> seed) {}

    /** Candidate and champion on one set of held-out examples; bounds of candidate minus champion. */
    @JsonNaming(SnakeCaseStrategy.class)
    public record ComparisonJson(
            String set,
            int examples,
            double loss,
            double lossChampion,
            double lower,
            double upper,
            double tolerance,
            double worseShare,
            String verdict) {
        static ComparisonJson of(VersionEntry.Comparison c) {
            return new ComparisonJson(
                    c.set(),
                    c.examples(),
                    c.loss(),
                    c.lossChampion(),
                    c.lower(),
                    c.upper(),
                    c.tolerance(),
                    c.worseShare(),
                    c.verdict());
        }
    }

    public static VersionJson of(AdapterEntry adapter, VersionEntry v) {
        VersionEntry.Evaluation e = v.evaluation();
        boolean compared = !e.comparisons().isEmpty();
        return new VersionJson(
                v.adapter().toString(),
                v.id().hex(),
                v.ordinal(),
                v.ordinalName(),
                adapter.aliases().entrySet().stream()
                        .filter(alias -> alias.getValue().equals(v.id()))
                        .map(alias -> alias.getKey())
                        .toList(),
                v.baseId(),
                v.parent().map(VersionId::hex),
                v.rebuiltFrom().map(VersionId::hex),
                v.manifest().hex(),
                v.files().stream()
                        .map(f -> new FileJson(f.name(), f.sha256().hex(), f.sizeBytes()))
                        .toList(),
                v.rank(),
                v.alpha(),
                v.targetModules(),
                v.rounds(),
                v.examples(),
                new EvaluationJson(
                        e.heldoutExamples(),
                        finite(e.heldoutLoss()),
                        finite(e.heldoutLossChampion()),
                        finite(e.heldoutLossBase()),
                        finite(e.trainLoss()),
                        e.comparisons().stream().map(ComparisonJson::of).toList(),
                        compared ? Optional.of(e.confidence()) : Optional.empty(),
                        compared ? Optional.of(e.resamples()) : Optional.empty(),
                        compared ? Optional.of(Long.toUnsignedString(e.seed())) : Optional.empty()),
                v.prototypes().map(Digest::hex),
                v.promotionReason(),
                v.retired(),
                v.publishedAt(),
                v.offset());
    }

    private static Optional<Double> finite(double loss) {
        return Double.isFinite(loss) ? Optional.of(loss) : Optional.empty();
    }
}
