package io.millrace.trainer.proof;

import io.millrace.core.ExampleParser;
import io.millrace.store.BlobStore;
import io.millrace.topics.KafkaSettings;
import io.millrace.topics.Topics;
import io.millrace.trainer.publish.VersionFiles;
import io.millrace.trainer.train.Archives;
import io.millrace.trainer.train.Examples;
import io.millrace.trainer.train.Train;
import io.millrace.trainer.worker.Engine;
import java.util.function.Supplier;

/**
 * What proofs and rebuilds are computed with.
 *
 * @param engine opens the base, or gives the one that is open
 */
public record ProofContext(KafkaSettings kafka, BlobStore store, Supplier<Engine> engine) {

    JournalReader journal() {
        return new JournalReader(kafka);
    }

    static Examples examples(Engine engine) {
        return new Examples(new ExampleParser(Topics.MAX_EXAMPLE_BYTES)::parse, engine.encoder());
    }

    /** With archives of its own: each is for one thread. */
    Recompute recompute() {
        Engine opened = engine.get();
        Train train = new Train(examples(opened), new Archives(store));
        return new Recompute(opened.model(), store, train, new VersionFiles(store, opened.base()));
    }
}
