package io.millrace.registry;

import io.millrace.core.AdapterName;
import io.millrace.core.Digest;
import io.millrace.core.VersionId;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * One published version.
 *
 * @param ordinal N of {@code vN}, from 1
 * @param files every file, the manifest {@code millrace.json} included, sorted by name
 * @param prototypes blob of routing prototypes
 * @param promotionReason why it became champion or not
 * @param offset of the record that published it
 */
public record VersionEntry(
        AdapterName adapter,
        VersionId id,
        int ordinal,
        Digest manifest,
        String baseId,
        Optional<VersionId> parent,
        Optional<VersionId> rebuiltFrom,
        List<FileEntry> files,
        int rank,
        double alpha,
        List<String> targetModules,
        long rounds,
        long examples,
        Evaluation evaluation,
        Optional<Digest> prototypes,
        String promotionReason,
        boolean retired,
        Instant publishedAt,
        long offset) {

    /** One file of a version; its bytes are the blob of that digest. */
    public record FileEntry(String name, Digest sha256, long sizeBytes) {}

    /**
     * The gate's numbers; a loss that wasn't measured is NaN.
     *
     * @param comparisons with the champion, one for each set
     * @param confidence at which a candidate counts as worse; 0 where nothing was compared
     * @param resamples of the bootstrap
     * @param seed of the bootstrap
     */
    public record Evaluation(
            int heldoutExamples,
            double heldoutLoss,
            double heldoutLossChampion,
            double heldoutLossBase,
            double trainLoss,
            List<Comparison> comparisons,
            double confidence,
            int resamples,
            long seed) {
        public Evaluation {
            comparisons = List.copyOf(comparisons);
        }
    }

    /**
     * Candidate and champion on one set.
     *
     * @param lower bound of the mean difference, candidate minus champion
     * @param tolerance how much worse is let pass, a part of the champion's loss
     * @param worseShare of the resamples in which the candidate is worse by more than that
     * @param verdict {@code passes}, {@code fails} or {@code too_few}
     */
    public record Comparison(
            String set,
            int examples,
            double loss,
            double lossChampion,
            double lower,
            double upper,
            double tolerance,
            double worseShare,
            String verdict) {}

    public Optional<FileEntry> file(String name) {
        return files.stream().filter(f -> f.name().equals(name)).findFirst();
    }

    VersionEntry withRetired(boolean isRetired) {
        return isRetired == retired
                ? this
                : new VersionEntry(
                        adapter,
                        id,
                        ordinal,
                        manifest,
                        baseId,
                        parent,
                        rebuiltFrom,
                        files,
                        rank,
                        alpha,
                        targetModules,
                        rounds,
                        examples,
                        evaluation,
                        prototypes,
                        promotionReason,
                        isRetired,
                        publishedAt,
                        offset);
    }

    /** As {@code v42}. */
    public String ordinalName() {
        return "v" + ordinal;
    }
}
