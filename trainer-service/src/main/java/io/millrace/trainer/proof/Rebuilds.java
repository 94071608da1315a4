package io.millrace.trainer.proof;

import com.google.protobuf.InvalidProtocolBufferException;
import io.millrace.core.AdapterName;
import io.millrace.core.Digest;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.core.VersionId;
import io.millrace.proto.internal.CheckpointStored;
import io.millrace.proto.internal.RebuildProgress;
import io.millrace.proto.internal.RebuildRecipe;
import io.millrace.store.BlobStore;
import io.millrace.trainer.proof.RebuiltLine.Saved;
import io.millrace.trainer.protocol.AdapterFold;
import io.millrace.trainer.train.Heads;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * What is kept of rebuilds: by which recipe each rebuilt version came about, and where those stand that are under way. A
 * recipe needs no trust: computed again, it leads to the version's id or it doesn't. The states of those under way are no
 * blobs, which live training might come to as well: they go when the rebuild goes on.
 */
public record Rebuilds(BlobStore store) {
    private static final String RECIPES = "rebuilds/recipes/";
    private static final String RUNNING = "rebuilds/running/";
    private static final String STATES = "rebuilds/states/";

    void keep(VersionId version, RebuildRecipe recipe) {
        store.putSnapshot(RECIPES + version.hex(), recipe.toByteArray());
    }

    Optional<RebuildRecipe> recipe(VersionId version) {
        return store.getSnapshot(RECIPES + version.hex()).map(bytes -> {
            try {
                return RebuildRecipe.parseFrom(bytes);
            } catch (InvalidProtocolBufferException e) {
                throw unreadable("the recipe of " + version, e);
            }
        });
    }

    /** The state first: a progress never names one that isn't there. */
    void running(String job, Saved saved) {
        String state = state(job, checkpoint(saved.progress()));
        store.putSnapshot(state, saved.state().content());
        store.putSnapshot(RUNNING + job, saved.progress().toByteArray());
        dropStates(job, name -> !name.equals(state));
    }

    /** Empty where it has to start anew: none was begun, or its state is gone or damaged. */
    Optional<Saved> running(String job) {
        return store.getSnapshot(RUNNING + job)
                .map(bytes -> {
                    try {
                        return RebuildProgress.parseFrom(bytes);
                    } catch (InvalidProtocolBufferException e) {
                        throw unreadable("the state of the rebuild " + job, e);
                    }
                })
                .flatMap(progress -> saved(job, progress));
    }

    private Optional<Saved> saved(String job, RebuildProgress progress) {
        CheckpointStored checkpoint = checkpoint(progress);
        return store.getSnapshot(state(job, checkpoint))
                .filter(content -> Digest.of(content).hex().equals(checkpoint.getStateBlobSha256()))
                .map(content -> new Saved(progress, Heads.state(checkpoint, content)));
    }

    private static CheckpointStored checkpoint(RebuildProgress progress) {
        return AdapterFold.of(progress.getFold()).lastCheckpoint().orElseThrow();
    }

    private static String state(String job, CheckpointStored checkpoint) {
        return STATES + job + "/" + checkpoint.getStateBlobSha256();
    }

    private void dropStates(String job, Predicate<String> which) {
        store.listSnapshots(STATES + job + "/").stream().filter(which).forEach(store::deleteSnapshot);
    }

    void ended(String job) {
        store.deleteSnapshot(RUNNING + job);
        dropStates(job, name -> true);
    }

    /** The same work has the same id. */
    public static String jobId(RebuildRecipe recipe) {
        return "rebuild-" + AdapterName.parse(recipe.getAdapter()).name() + "-"
                + Digest.of(recipe.toByteArray()).hex().substring(0, 16);
    }

    private static MillraceException unreadable(String what, InvalidProtocolBufferException e) {
        return new MillraceException(ErrorCode.INCOMPATIBLE_LOG, what + " can't be read; ask for it again", e);
    }
}
