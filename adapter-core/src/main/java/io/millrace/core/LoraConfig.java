package io.millrace.core;

import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * The shape of a LoRA adapter (Hu et al. 2021, section 4.1): y = W x + s B A dropout(x).
 *
 * @param rank r, rows of A
 * @param alpha numerator of the scale s
 * @param dropout probability that an input element of A is dropped while training, in [0, 1)
 * @param targetModules suffixes of module paths that get an adapter, a subset of {@link #ALL_LINEAR}
 * @param rsLora whether s = alpha / sqrt(r) (Kalajdzievski 2023) instead of alpha / r
 */
public record LoraConfig(int rank, double alpha, double dropout, SortedSet<String> targetModules, boolean rsLora) {

    /** The seven linear layers of a Llama block, in the order a block uses them. */
    public static final List<String> ALL_LINEAR =
            List.of("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj");

    public LoraConfig {
        if (rank < 1) {
            throw new MillraceException(ErrorCode.BAD_SETTING, "rank must be at least 1, not " + rank);
        }
        if (!(alpha > 0) || Double.isInfinite(alpha)) {
            throw new MillraceException(ErrorCode.BAD_SETTING, "alpha must be a positive number, not " + alpha);
        }
        if (!(dropout >= 0 && dropout < 1)) {
            throw new MillraceException(ErrorCode.BAD_SETTING, "dropout must be in [0, 1), not " + dropout);
        }
        if (targetModules.isEmpty() || !ALL_LINEAR.containsAll(targetModules)) {
            throw new MillraceException(
                    ErrorCode.BAD_SETTING, "target modules must be some of " + ALL_LINEAR + ", not " + targetModules);
        }
        targetModules = Collections.unmodifiableSortedSet(new TreeSet<>(targetModules));
    }

    /** The documented defaults: rank 16, alpha 32, dropout 0.05, all seven linear layers. */
    public static LoraConfig defaults() {
        return of(16, 32, 0.05, Set.copyOf(ALL_LINEAR));
    }

    public static LoraConfig of(int rank, double alpha, double dropout, Set<String> targetModules) {
        return new LoraConfig(rank, alpha, dropout, new TreeSet<>(targetModules), false);
    }

    /** s of the formula above. */
    public double scale() {
        return rsLora ? alpha / Math.sqrt(rank) : alpha / rank;
    }
}
