package io.millrace.trainer.proof;

import com.fasterxml.jackson.databind.JsonNode;
import io.millrace.core.AdapterName;
import io.millrace.core.AdapterSettings;
import io.millrace.core.BaseDescription;
import io.millrace.core.BaseDescriptionJson;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.core.VersionId;
import io.millrace.embedding.TextEmbedder;
import io.millrace.proto.internal.Promotion;
import io.millrace.proto.internal.RebuildRecipe;
import io.millrace.proto.internal.RebuildSetting;
import io.millrace.proto.internal.RegisterBase;
import io.millrace.proto.internal.RegistryRecord;
import io.millrace.proto.internal.VersionCut;
import io.millrace.registry.AdapterEntry;
import io.millrace.registry.CommandOutcome;
import io.millrace.trainer.job.Job;
import io.millrace.trainer.proof.History.Cut;
import io.millrace.trainer.proof.History.RecordedRound;
import io.millrace.trainer.publish.CutVersion;
import io.millrace.trainer.worker.Engine;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Makes a version of an adapter's recorded rounds anew: without some examples, or with other settings. It stands where it
 * was when its process ends, and goes on from there when it is asked for again.
 *
 * @param asked what was asked for, without what follows from the journal
 */
public record RebuildJob(ProofContext context, String id, RebuildRecipe asked) implements Job {
    private static final Duration SAVE_EVERY = Duration.ofSeconds(15);

    /** @throws MillraceException {@code bad_setting} where it changes what a rebuild can't change */
    public static RebuildJob of(ProofContext context, String id, RebuildRecipe asked) {
        var unused = new RecordedSettings(asked.getSettingsList());
        return new RebuildJob(context, id, asked);
    }

    @Override
    public String kind() {
        return "rebuild";
    }

    @Override
    public AdapterName adapter() {
        return AdapterName.parse(asked.getAdapter());
    }

    @Override
    public JsonNode run(Watch watch) {
        History history = history();
        Rebuilds rebuilds = context.rebuilds();
        Set<String> forgotten = history.now().head().forgottenIds();
        try (Engine engine = context.engine(asked);
                RebuiltLine line = rebuilds.running(id)
                        // What was begun with an example that is forgotten since leads nowhere.
                        .filter(begun ->
                                begun.progress().getRecipe().getWithoutList().containsAll(forgotten))
                        .map(begun -> RebuiltLine.resume(engine, context.store(), begun))
                        .orElseGet(() -> RebuiltLine.start(
                                engine,
                                context.store(),
                                complete(history),
                                history.rounds().get(0).plan()));
                TextEmbedder embedder = context.embedder().get()) {
            if (!asked.getBaseId().isEmpty()) {
                register(engine.base());
            }
            RebuiltVersion made = asked.getReplace()
                    ? new Replace(context, this, context.cutVersion(engine, embedder)).run(line, watch)
                    : publish(line, history, context.cutVersion(engine, embedder), watch);
            rebuilds.ended(id);
            return made.json(history, asked, rebuilds);
        }
    }

    History history() {
        return context.journal()
                .of(adapter())
                .filter(h -> !h.rounds().isEmpty())
                .orElseThrow(() ->
                        new MillraceException(ErrorCode.UNKNOWN_ADAPTER, "the journal has no round of " + adapter()));
    }

    /** What was asked for, on top of what earlier rebuilds have taken out or changed for good. */
    private RebuildRecipe complete(History history) {
        TreeSet<String> without = new TreeSet<>(asked.getWithoutList());
        without.addAll(history.now().head().refusedIds());
        SortedMap<String, String> settings = new TreeMap<>();
        history.cuts().stream()
                .filter(cut -> cut.rebuilt())
                .reduce((earlier, later) -> later)
                .flatMap(cut -> context.rebuilds().recipe(cut.version()))
                .ifPresent(recipe -> recipe.getSettingsList().forEach(s -> settings.put(s.getKey(), s.getValue())));
        asked.getSettingsList().forEach(s -> settings.put(s.getKey(), s.getValue()));
        RebuildRecipe.Builder complete =
                asked.toBuilder().clearWithout().addAllWithout(without).clearSettings();
        settings.forEach((key, value) ->
                complete.addSettings(RebuildSetting.newBuilder().setKey(key).setValue(value)));
        return complete.build();
    }

    /** Takes in recorded rounds up to so many, saving now and then where the line is. */
    void catchUp(RebuiltLine line, History history, int rounds, Watch watch) {
        long saved = System.nanoTime();
        List<RecordedRound> recorded = history.rounds();
        while (line.recordedRounds() < rounds) {
            line.add(recorded.get(line.recordedRounds()), watch::cancelled);
            watch.progress(line.recordedRounds(), rounds, "rounds");
            if (System.nanoTime() - saved > SAVE_EVERY.toNanos()) {
                context.rebuilds().running(id, line.save());
                saved = System.nanoTime();
            }
        }
        context.rebuilds().running(id, line.save());
    }

    private RebuiltVersion publish(RebuiltLine line, History history, CutVersion cutVersion, Watch watch) {
        int rounds = history.cut(rebuiltFrom())
                .map(Cut::rounds)
                .orElseThrow(() -> new MillraceException(
                        ErrorCode.BAD_REQUEST,
                        rebuiltFrom() + " wasn't made of recorded rounds; name a version that was trained here"));
        catchUp(line, history, rounds, watch);
        VersionCut cut = cut(line, cutVersion);
        RegistryRecord.Builder command = cut.getCommand().toBuilder();
        command.getPublishVersionBuilder()
                .setPromotion(Promotion.newBuilder().setReason("rebuilt: promote it by hand"));
        context.rebuilds().keep(new VersionId(cut.getVersionId()), finished(line));
        submit(command.build());
        return new RebuiltVersion(new VersionId(cut.getVersionId()), line, false);
    }

    /** So that the registry knows what the version is for; a known base changes nothing. */
    private void register(BaseDescription base) {
        submit(RegistryRecord.newBuilder()
                .setCommandId("base:" + base.id())
                .setFoldVersion(1)
                .setActor(context.actor())
                .setRegisterBase(RegisterBase.newBuilder()
                        .setBaseId(base.id().hex())
                        .setName(base.name())
                        .setDescriptionJson(BaseDescriptionJson.write(base)))
                .build());
    }

    private void submit(RegistryRecord command) {
        CommandOutcome outcome = context.registry().submit(command).join();
        if (outcome.error().isPresent()) {
            throw new MillraceException(outcome.error().get(), outcome.detail());
        }
    }

    VersionId rebuiltFrom() {
        return new VersionId(asked.getRebuiltFrom());
    }

    VersionCut cut(RebuiltLine line, CutVersion cutVersion) {
        if (line.fold().head().untrained()) {
            throw new MillraceException(ErrorCode.BAD_REQUEST, "nothing is left to train without these examples");
        }
        AdapterSettings settings = context.registry()
                .view()
                .adapter(adapter())
                .map(AdapterEntry::settings)
                .orElseGet(AdapterSettings::defaults);
        return cutVersion.rebuilt(adapter(), line.fold(), settings, line.trainer(), rebuiltFrom());
    }

    /** By what the line can be computed again from the journal. */
    RebuildRecipe finished(RebuiltLine line) {
        return line.recipe().toBuilder()
                .setRecordedRounds(line.recordedRounds())
                .build();
    }

    /** What a rebuild came to. */
    record RebuiltVersion(VersionId version, RebuiltLine line, boolean replaced) {
        JsonNode json(History history, RebuildRecipe asked, Rebuilds rebuilds) {
            return RebuildResult.of(this, history, asked, rebuilds).json();
        }
    }
}
