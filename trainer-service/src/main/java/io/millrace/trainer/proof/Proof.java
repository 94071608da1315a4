package io.millrace.trainer.proof;

import io.millrace.core.AdapterName;
import io.millrace.core.Digest;
import io.millrace.core.VersionId;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What computing an adapter again came to.
 *
 * @param fingerprint of the machine that computed it
 * @param versions those that were cut within the computed rounds, in order
 */
public record Proof(
        AdapterName adapter, String fingerprint, List<StretchProof> stretches, List<VersionProof> versions) {

    public Proof {
        stretches = List.copyOf(stretches);
        versions = List.copyOf(versions);
    }

    /** Whether every round and every version came out with the recorded digests. */
    public boolean exact() {
        return stretches.stream().allMatch(StretchProof::exact)
                && versions.stream().allMatch(VersionProof::exact);
    }

    /** Of a line that goes on from what this proves. */
    Proof followedBy(Proof later) {
        List<StretchProof> both = new ArrayList<>(stretches);
        both.addAll(later.stretches());
        List<VersionProof> all = new ArrayList<>(versions);
        all.addAll(later.versions());
        return new Proof(adapter, fingerprint, both, all);
    }

    public Optional<VersionProof> version(VersionId id) {
        return versions.stream().filter(v -> v.recorded().equals(id)).findFirst();
    }

    /**
     * One stretch.
     *
     * @param fingerprint that its recorded bits come from
     * @param startedFrom where the computation started, in words
     * @param afterRound the round that it started after
     * @param lastRound the last one computed
     * @param computed rounds that were trained again
     * @param differing of them, those with another digest
     * @param first of those
     * @param differences at the last round whose recorded state is still stored; empty where nothing differs or none is
     */
    public record StretchProof(
            String fingerprint,
            String startedFrom,
            long afterRound,
            long lastRound,
            int computed,
            int differing,
            Optional<RoundDifference> first,
            List<Difference> differences) {
        public StretchProof {
            differences = List.copyOf(differences);
        }

        public boolean exact() {
            return differing == 0;
        }
    }

    /** A round that came out otherwise: what of it, and the digests of weights and optimizer. */
    public record RoundDifference(long round, String what, Digest recorded, Digest computed) {}

    /**
     * One version.
     *
     * @param computed id of the version that the computation leads to
     * @param files that differ, by name
     * @param differences of the weights; empty where nothing differs
     */
    public record VersionProof(
            VersionId recorded, VersionId computed, long round, List<String> files, List<Difference> differences) {
        public VersionProof {
            files = List.copyOf(files);
            differences = List.copyOf(differences);
        }

        public boolean exact() {
            return recorded.equals(computed);
        }
    }

    /**
     * By how much a group of tensors differs.
     *
     * @param group as {@code q_proj.lora_A}: over all layers
     * @param maxAbsolute greatest absolute difference of two elements
     * @param relative Frobenius norm of the difference by that of the recorded tensors
     */
    public record Difference(String group, double maxAbsolute, double relative) {}
}
