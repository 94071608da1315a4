package io.millrace.trainer.desk;

import io.millrace.core.AdapterName;
import io.millrace.core.Digest;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.proto.internal.AskedJob;
import io.millrace.proto.internal.Forgetting;
import io.millrace.proto.internal.RebuildRecipe;
import io.millrace.proto.internal.RebuildSetting;
import io.millrace.registry.VersionEntry;
import io.millrace.trainer.job.JobStatus;
import io.millrace.trainer.job.Jobs;
import io.millrace.trainer.proof.EvalJob;
import io.millrace.trainer.proof.OtherBases;
import io.millrace.trainer.proof.ProofContext;
import io.millrace.trainer.proof.Rebuilds;
import io.millrace.trainer.proof.VerifyJob;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * From what is asked for to a job. The same work has the same id, so that asking twice does it once.
 *
 * @param jobs for what nobody needs to go on with after a restart
 * @param desk for what lasts
 */
public record JobOrders(ProofContext proofs, OtherBases bases, Jobs jobs, JobDesk desk) {
    private static final String BASE = "base";

    /**
     * Computes a version again.
     *
     * @param fromGenesis with all rounds before it, not its own alone
     */
    public JobStatus verify(VersionEntry version, boolean fromGenesis) {
        String id = "verify-" + version.id().hex().substring(0, 12) + (fromGenesis ? "-genesis" : "");
        return jobs.submit(id, new VerifyJob(proofs, version, fromGenesis));
    }

    /**
     * Measures a version.
     *
     * @param records the examples' JSON, at least one
     */
    public JobStatus eval(VersionEntry version, List<String> records) {
        String id = "eval-" + version.id().hex().substring(0, 12) + "-" + shortDigest(String.join("\n", records));
        List<byte[]> bytes = records.stream()
                .map(record -> record.getBytes(StandardCharsets.UTF_8))
                .toList();
        return jobs.submit(id, new EvalJob(proofs, version, bytes));
    }

    /**
     * Makes a version of recorded rounds anew.
     *
     * @param settings by their keys; {@code base} names another base to train on
     * @throws MillraceException {@code bad_setting}, {@code unknown_base}, {@code wrong_base}
     */
    public JobStatus rebuild(VersionEntry from, Set<String> without, Map<String, String> settings, boolean replace) {
        TreeMap<String, String> changed = new TreeMap<>(settings);
        Optional<String> base = Optional.ofNullable(changed.remove(BASE));
        RebuildRecipe.Builder recipe = RebuildRecipe.newBuilder()
                .setAdapter(from.adapter().toString())
                .setRebuiltFrom(from.id().hex())
                .addAllWithout(new TreeSet<>(without))
                .setReplace(replace);
        changed.forEach((key, value) ->
                recipe.addSettings(RebuildSetting.newBuilder().setKey(key).setValue(value)));
        base.flatMap(name -> otherBase(name, replace)).ifPresent(id -> recipe.setBaseId(id.hex()));
        return desk.submit(
                Rebuilds.jobId(recipe.build()),
                AskedJob.newBuilder().setRebuild(recipe).build());
    }

    /** Empty where it is the one that is trained on. */
    private Optional<Digest> otherBase(String name, boolean replace) {
        Digest live = proofs.engine().get().base().id();
        Digest named = bases.idOf(name);
        if (named.equals(live)) {
            return Optional.empty();
        }
        if (replace) {
            throw new MillraceException(
                    ErrorCode.WRONG_BASE,
                    "training here goes on on base " + live.hex().substring(0, 12) + ", so what is rebuilt on " + name
                            + " can't take its place: rebuild without --replace, and to train on with " + name
                            + " send the examples to a system that was started with it");
        }
        return Optional.of(named);
    }

    /**
     * Erases the texts of examples.
     *
     * @param keepTopics whether records of topics are left to their retention
     */
    public JobStatus forget(AdapterName adapter, Set<String> examples, boolean keepTopics) {
        TreeSet<String> ids = new TreeSet<>(examples);
        Forgetting asked = Forgetting.newBuilder()
                .setAdapter(adapter.toString())
                .addAllExampleIds(ids)
                .setKeepTopics(keepTopics)
                .build();
        return desk.submit(
                "forget-" + adapter.name() + "-" + shortDigest(adapter + " " + ids + " " + keepTopics),
                AskedJob.newBuilder().setForget(asked).build());
    }

    private static String shortDigest(String text) {
        return Digest.of(text).hex().substring(0, 16);
    }
}
