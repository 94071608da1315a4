package io.millrace.trainer.proof;

import com.google.protobuf.InvalidProtocolBufferException;
import io.millrace.core.AdapterName;
import io.millrace.core.Digest;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.core.VersionId;
import io.millrace.proto.internal.RebuildProgress;
import io.millrace.proto.internal.RebuildRecipe;
import io.millrace.store.BlobStore;
import java.util.Optional;

/**
 * What is kept of rebuilds beside the blobs: by which recipe each rebuilt version came about, and where those stand that
 * are under way. A recipe needs no trust: computed again, it leads to the version's id or it doesn't.
 */
public record Rebuilds(BlobStore store) {
    private static final String RECIPES = "rebuilds/recipes/";
    private static final String RUNNING = "rebuilds/running/";

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

    void running(String job, RebuildProgress progress) {
        store.putSnapshot(RUNNING + job, progress.toByteArray());
    }

    public Optional<RebuildProgress> running(String job) {
        return store.getSnapshot(RUNNING + job).map(bytes -> {
            try {
                return RebuildProgress.parseFrom(bytes);
            } catch (InvalidProtocolBufferException e) {
                throw unreadable("the state of the rebuild " + job, e);
            }
        });
    }

    void ended(String job) {
        store.deleteSnapshot(RUNNING + job);
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
