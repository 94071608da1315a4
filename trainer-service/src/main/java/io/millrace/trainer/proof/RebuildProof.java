package io.millrace.trainer.proof;

import io.millrace.core.AdapterWeights;
import io.millrace.core.Digest;
import io.millrace.core.Manifest;
import io.millrace.core.VersionId;
import io.millrace.core.peft.PeftDirectory;
import io.millrace.proto.internal.RebuildRecipe;
import io.millrace.registry.VersionEntry;
import io.millrace.trainer.job.Job;
import io.millrace.trainer.proof.Proof.StretchProof;
import io.millrace.trainer.proof.Proof.VersionProof;
import io.millrace.trainer.publish.VersionFiles;
import io.millrace.trainer.worker.Engine;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Makes a rebuilt version once more by its recipe: always all of its rounds, since the first. */
record RebuildProof(ProofContext context, History history, RebuildRecipe recipe) {

    Proof of(VersionEntry version, Job.Watch watch) {
        int rounds = recipe.getRecordedRounds();
        try (Engine engine = context.engine(recipe);
                RebuiltLine line = RebuiltLine.start(
                        engine, context.store(), recipe, history.rounds().get(0).plan())) {
            VersionFiles files = new VersionFiles(context.store(), engine.base());
            while (line.recordedRounds() < rounds) {
                line.add(history.rounds().get(line.recordedRounds()), watch::cancelled);
                watch.progress(line.recordedRounds(), rounds, "rounds");
            }
            AdapterWeights weights = line.trainer().published();
            PeftDirectory.Version made =
                    files.rebuilt(version.adapter(), line.fold(), new VersionId(recipe.getRebuiltFrom()), weights);
            boolean same = made.id().equals(version.id());
            Map<String, Digest> recorded = new TreeMap<>();
            version.files().forEach(file -> recorded.put(file.name(), file.sha256()));
            VersionProof proof = new VersionProof(
                    version.id(),
                    made.id(),
                    line.fold().head().round(),
                    same ? List.of() : differing(made, recorded),
                    same ? List.of() : Differences.of(files.read(recorded), weights));
            StretchProof stretch = new StretchProof(
                    fingerprints(recorded),
                    "genesis, by the recipe of its rebuild",
                    0,
                    line.fold().head().round(),
                    (int) line.fold().head().round(),
                    same ? 0 : (int) line.fold().head().round(),
                    Optional.empty(),
                    List.of());
            return new Proof(version.adapter(), engine.model().fingerprint(), List.of(stretch), List.of(proof));
        }
    }

    private String fingerprints(Map<String, Digest> recorded) {
        byte[] manifest = context.store().get(recorded.get(Manifest.FILE));
        return String.join(", ", Manifest.parse(manifest).fingerprints());
    }

    /** Names of the files whose content isn't the recorded one. */
    static List<String> differing(PeftDirectory.Version made, Map<String, Digest> recorded) {
        List<String> differing = new ArrayList<>();
        made.files().forEach((name, content) -> {
            if (!Digest.of(content).equals(recorded.get(name))) {
                differing.add(name);
            }
        });
        return differing;
    }
}
