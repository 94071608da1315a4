package io.millrace.trainer.proof;

import com.fasterxml.jackson.databind.JsonNode;
import io.millrace.core.AdapterName;
import io.millrace.core.Digest;
import io.millrace.core.ErrorCode;
import io.millrace.core.Manifest;
import io.millrace.core.MillraceException;
import io.millrace.proto.internal.RebuildRecipe;
import io.millrace.registry.VersionEntry;
import io.millrace.store.BlobStore;
import io.millrace.trainer.job.Job;
import io.millrace.trainer.proof.History.Cut;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Computes one version again and compares it with what is published and stored. */
public record VerifyJob(ProofContext context, VersionEntry version, boolean fromGenesis) implements Job {
    @Override
    public String kind() {
        return "verify";
    }

    @Override
    public AdapterName adapter() {
        return version.adapter();
    }

    @Override
    public JsonNode run(Watch watch) {
        List<String> damaged = damagedFiles(context.store());
        History history = context.journal()
                .of(adapter())
                .orElseThrow(() -> nothingRecorded("the journal knows nothing of " + adapter()));
        try {
            return VerifyResult.of(version, proof(history, watch), damaged).json();
        } catch (MillraceException e) {
            throw e.code() == ErrorCode.FORGOTTEN ? notProvable(history, e) : e;
        }
    }

    private MillraceException notProvable(History history, MillraceException cause) {
        Optional<Unprovable> why = Unprovable.of(
                history, context.rebuilds(), version, history.now().head().forgottenIds());
        boolean ownRoundsAreFine =
                fromGenesis && why.filter(u -> !u.ownRounds()).isPresent();
        return new MillraceException(
                ErrorCode.FORGOTTEN,
                "forgotten examples: not provable. " + version.adapter() + "@" + version.ordinalName()
                        + why.map(u -> " was trained in round "
                                        + String.join(
                                                ", ",
                                                u.rounds().stream()
                                                        .map(String::valueOf)
                                                        .toList())
                                        + " on examples whose texts were erased")
                                .orElse(" starts from a stored state that is gone: " + cause.getMessage())
                        + (ownRoundsAreFine ? "; its own rounds can be proved without --from-genesis" : ""),
                cause);
    }

    private Proof proof(History history, Watch watch) {
        Optional<RebuildRecipe> recipe = context.rebuilds().recipe(version.id());
        if (recipe.isPresent()) {
            return new RebuildProof(context, history, recipe.get()).of(version, watch);
        }
        Cut cut = history.cut(version.id())
                .orElseThrow(() -> nothingRecorded("it wasn't made of recorded rounds, but uploaded"));
        Recompute recompute = context.recompute();
        Recompute.Progress progress = (done, of) -> watch.progress(done, of, "rounds");
        if (!fromGenesis) {
            return recompute.ofVersion(history, cut, progress, watch::cancelled);
        }
        Proof own = recompute.fromGenesis(history, cut, progress, watch::cancelled);
        return rebuiltBefore(history, cut)
                .map(rebuilt -> new VerifyJob(context, rebuilt, true)
                        .proof(history, watch)
                        .followedBy(own))
                .orElse(own);
    }

    /** The rebuilt version whose head the line goes on from. */
    private Optional<VersionEntry> rebuiltBefore(History history, Cut cut) {
        return history.rebuiltBefore(cut).flatMap(c -> context.registry().view().version(adapter(), c.version()));
    }

    private MillraceException nothingRecorded(String why) {
        return new MillraceException(
                ErrorCode.BAD_REQUEST,
                version.adapter() + "@" + version.ordinalName() + " can't be computed again: " + why);
    }

    /** Files whose stored bytes are gone or aren't those of their digest. */
    private List<String> damagedFiles(BlobStore store) {
        List<String> damaged = new ArrayList<>();
        for (VersionEntry.FileEntry file : version.files()) {
            try {
                Digest unused = Digest.of(store.get(file.sha256()));
            } catch (MillraceException e) {
                if (e.code().retryable()) {
                    throw e;
                }
                damaged.add(file.name() + ": " + e.getMessage());
            }
        }
        if (version.file(Manifest.FILE).isEmpty()) {
            damaged.add(Manifest.FILE + " is not among the version's files");
        }
        return damaged;
    }
}
