package io.millrace.trainer.publish;

import io.millrace.embedding.Prototypes;
import io.millrace.embedding.TextEmbedder;
import io.millrace.proto.internal.ExampleRef;
import io.millrace.trainer.protocol.Head;
import io.millrace.trainer.train.Archives;
import io.millrace.trainer.train.Examples;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Says by up to 32 prototypes which prompts an adapter is for: k-means over the embedded prompts of its reservoir, an even
 * sample of all it was trained on. Each prompt is embedded once. For the training thread alone.
 */
public final class Prototyping {
    private static final int CACHED = 20_000;

    private final Supplier<TextEmbedder> embedder;
    private final Examples examples;
    private final Archives archives;
    private final Map<ExampleRef, float[]> embedded = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<ExampleRef, float[]> eldest) {
            return size() > CACHED;
        }
    };

    /** @param embedder opened when it is first needed */
    public Prototyping(Supplier<TextEmbedder> embedder, Examples examples, Archives archives) {
        this.embedder = embedder;
        this.examples = examples;
        this.archives = archives;
    }

    /** Empty where the adapter was trained on nothing. */
    Optional<Prototypes> of(Head head) {
        List<float[]> prompts = new ArrayList<>();
        for (ExampleRef reference : head.state().getReservoirList()) {
            float[] known = embedded.get(reference);
            if (known == null) {
                known = embedder.get()
                        .embed(examples.read(archives.get(reference)).routingText());
                embedded.put(reference, known);
            }
            prompts.add(known);
        }
        return prompts.isEmpty()
                ? Optional.empty()
                : Optional.of(Prototypes.fit(prompts, head.state().getGenesis().getSeed()));
    }
}
