package io.millrace.trainer.proof;

import io.millrace.core.AdapterName;
import io.millrace.core.Digest;
import io.millrace.core.ErrorCode;
import io.millrace.core.ExampleParser;
import io.millrace.core.MillraceException;
import io.millrace.embedding.TextEmbedder;
import io.millrace.proto.internal.RebuildRecipe;
import io.millrace.registry.RegistryLog;
import io.millrace.store.BlobStore;
import io.millrace.topics.KafkaSettings;
import io.millrace.topics.Topics;
import io.millrace.trainer.publish.ChampionGuard;
import io.millrace.trainer.publish.CutVersion;
import io.millrace.trainer.publish.Prototyping;
import io.millrace.trainer.publish.VersionFiles;
import io.millrace.trainer.train.Archives;
import io.millrace.trainer.train.Examples;
import io.millrace.trainer.train.Train;
import io.millrace.trainer.worker.Engine;
import io.millrace.trainer.worker.WorkerLoop;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * What proofs and rebuilds are computed with.
 *
 * @param engine opens the base, or gives the one that is open
 * @param otherBase opens the base of that id
 * @param embedder opened when a rebuilt version is made
 * @param worker that trains the adapters
 * @param guard of champions, for what a rebuilt version is compared with
 * @param actor who is said to publish
 */
public record ProofContext(
        KafkaSettings kafka,
        BlobStore store,
        RegistryLog registry,
        Supplier<Engine> engine,
        Function<Digest, Engine> otherBase,
        Supplier<TextEmbedder> embedder,
        WorkerLoop worker,
        ChampionGuard guard,
        int minHeldOut,
        String actor) {

    /** That an adapter's records are in. */
    public int partition(AdapterName adapter) {
        return journal().partition(adapter);
    }

    /** {@code moved_away}: what the job needs standing still is another worker's now. */
    public MillraceException movedAway(AdapterName adapter) {
        return new MillraceException(
                ErrorCode.MOVED_AWAY,
                "this trainer (" + actor + ") doesn't train " + adapter + " any more; the worker that does goes on");
    }

    /** What a recipe is computed with, for the caller to close. @throws MillraceException {@code unknown_base} */
    Engine engine(RebuildRecipe recipe) {
        return recipe.getBaseId().isEmpty() ? engine.get() : engine(new Digest(recipe.getBaseId()));
    }

    /** The base of that id, for the caller to close. @throws MillraceException {@code unknown_base} */
    Engine engine(Digest baseId) {
        Engine live = engine.get();
        return live.base().id().equals(baseId) ? live : otherBase.apply(baseId);
    }

    public JournalReader journal() {
        return new JournalReader(kafka);
    }

    public Rebuilds rebuilds() {
        return new Rebuilds(store);
    }

    /** Makes versions as live training does. */
    CutVersion cutVersion(Engine opened, TextEmbedder embedding) {
        Examples examples = examples(opened);
        Archives archives = new Archives(store);
        return CutVersion.of(
                store,
                opened.model(),
                opened.base(),
                examples,
                archives,
                new Prototyping(() -> embedding, examples, archives),
                registry::view,
                guard,
                minHeldOut,
                actor);
    }

    /** Reads and encodes examples as live training does. */
    public static Examples examples(Engine engine) {
        return new Examples(new ExampleParser(Topics.MAX_EXAMPLE_BYTES)::parse, engine.encoder());
    }

    /** With archives of its own: each is for one thread. */
    Recompute recompute() {
        Engine opened = engine.get();
        Train train = new Train(examples(opened), new Archives(store));
        return new Recompute(opened.model(), store, train, new VersionFiles(store, opened.base()));
    }
}
