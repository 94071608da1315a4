package io.millrace.bench.chaos;

import io.millrace.core.AdapterName;
import io.millrace.core.ExampleParser;
import io.millrace.topics.Topics;
import io.millrace.trainer.Engines;
import io.millrace.trainer.proof.History;
import io.millrace.trainer.proof.JournalReader;
import io.millrace.trainer.proof.Proof;
import io.millrace.trainer.proof.Recompute;
import io.millrace.trainer.publish.VersionFiles;
import io.millrace.trainer.train.Archives;
import io.millrace.trainer.train.Examples;
import io.millrace.trainer.train.Train;
import io.millrace.trainer.worker.Engine;
import java.util.LinkedHashMap;
import java.util.Map;

/** Computes every adapter again from its first weights, in this process, which nobody kills, and compares digests. */
final class FromGenesis {
    private final Engines engines;
    private final Findings findings;

    FromGenesis(Engines engines, Findings findings) {
        this.engines = engines;
        this.findings = findings;
    }

    /** Rounds and versions that were computed again. */
    Map<String, Object> compute(StoppedSystem system) {
        int rounds = 0;
        int versions = 0;
        try (Engine engine = engines.open()) {
            for (Map.Entry<AdapterName, History> adapter :
                    new JournalReader(system.kafka()).all().entrySet()) {
                Proof proof = recompute(engine, system).fromGenesis(adapter.getValue(), (done, of) -> {}, () -> false);
                for (Proof.StretchProof stretch : proof.stretches()) {
                    rounds += stretch.computed();
                    stretch.first()
                            .ifPresent(first -> findings.wrong(stretch.differing() + " of " + stretch.computed()
                                    + " rounds of " + adapter.getKey() + " come out otherwise, first " + first));
                }
                for (Proof.VersionProof version : proof.versions()) {
                    versions++;
                    if (!version.exact()) {
                        findings.wrong("version " + version.recorded() + " of " + adapter.getKey() + " comes out as "
                                + version.computed() + ", otherwise are " + version.files());
                    }
                }
            }
        }
        Map<String, Object> computed = new LinkedHashMap<>();
        computed.put("rounds", rounds);
        computed.put("versions", versions);
        return computed;
    }

    private static Recompute recompute(Engine engine, StoppedSystem system) {
        Examples examples = new Examples(new ExampleParser(Topics.MAX_EXAMPLE_BYTES)::parse, engine.encoder());
        Train train = new Train(examples, new Archives(system.store()));
        return new Recompute(engine.model(), system.store(), train, new VersionFiles(system.store(), engine.base()));
    }
}
