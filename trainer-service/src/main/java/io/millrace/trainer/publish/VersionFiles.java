package io.millrace.trainer.publish;

import io.millrace.core.AdapterName;
import io.millrace.core.AdapterWeights;
import io.millrace.core.BaseDescription;
import io.millrace.core.Digest;
import io.millrace.core.Manifest;
import io.millrace.core.VersionId;
import io.millrace.core.peft.PeftDirectory;
import io.millrace.proto.internal.RoundSummary;
import io.millrace.registry.VersionEntry;
import io.millrace.store.BlobStore;
import io.millrace.trainer.protocol.AdapterFold;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** The files of a version: a PEFT adapter directory and its manifest, which names the rounds since the last version. */
public record VersionFiles(BlobStore store, BaseDescription base) {

    /**
     * @param fold at the head that is cut
     * @param weights of that head
     */
    public PeftDirectory.Version of(
            AdapterName adapter, AdapterFold fold, Optional<VersionId> parent, AdapterWeights weights) {
        return of(adapter, fold, parent, Optional.empty(), weights);
    }

    /**
     * A version that was rebuilt from recorded rounds.
     *
     * @param fold of the rebuilt line
     */
    public PeftDirectory.Version rebuilt(
            AdapterName adapter, AdapterFold fold, VersionId rebuiltFrom, AdapterWeights weights) {
        return of(adapter, fold, Optional.empty(), Optional.of(rebuiltFrom), weights);
    }

    private PeftDirectory.Version of(
            AdapterName adapter,
            AdapterFold fold,
            Optional<VersionId> parent,
            Optional<VersionId> rebuiltFrom,
            AdapterWeights weights) {
        List<Manifest.Round> rounds = fold.sinceCut().stream()
                .map(r ->
                        new Manifest.Round(r.getRound(), new Digest(r.getPlanSha256()), new Digest(r.getHeadSha256())))
                .toList();
        TreeSet<String> fingerprints = fold.sinceCut().stream()
                .map(RoundSummary::getFingerprint)
                .collect(Collectors.toCollection(TreeSet::new));
        return PeftDirectory.version(
                adapter, base, weights, new PeftDirectory.Lineage(parent, rebuiltFrom, fingerprints, rounds));
    }

    /**
     * A version's weights, verified against its digests.
     *
     * @throws io.millrace.core.MillraceException {@code wrong_base}
     */
    public AdapterWeights read(VersionEntry version) {
        Map<String, Digest> files = new TreeMap<>();
        version.files().forEach(file -> files.put(file.name(), file.sha256()));
        return read(files);
    }

    /** @param files of a version, by name */
    public AdapterWeights read(Map<String, Digest> files) {
        Map<String, byte[]> content = new TreeMap<>();
        files.forEach((name, digest) -> content.put(name, store.get(digest)));
        return PeftDirectory.read(content, base);
    }
}
