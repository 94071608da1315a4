package io.millrace.bench.chaos;

import io.millrace.bench.chaos.Stream.Place;
import io.millrace.topics.Topics;
import io.millrace.trainer.Engines;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** Reads everything that a stopped system has kept, and holds it against what was sent. */
final class Audit {
    private final Input input;
    private final Engines engines;
    private final Findings findings = new Findings();

    /** @param engines opens the base that the system had, as the system had it */
    Audit(Input input, Engines engines) {
        this.input = input;
        this.engines = engines;
    }

    /**
     * What was found.
     *
     * @param examples records of the examples topic and their outcomes, by kind
     * @param journal records by event, and versions
     * @param recomputed rounds and versions that were computed again
     */
    record Result(
            Findings findings,
            Map<String, Object> examples,
            Map<String, Object> journal,
            Map<String, Object> recomputed) {}

    /** @param unknown records that were sent, of which the broker didn't say whether it has them */
    Result of(Path dataDir, Map<Place, Long> acknowledged, long unknown) throws InterruptedException {
        try (StoppedSystem system = new StoppedSystem(dataDir)) {
            Topics topics = system.kafka().topics();
            Outcomes outcomes = new Outcomes(input, findings);
            outcomes.inputs(system.read(topics.examples()), acknowledged);
            outcomes.outcomes(system.read(topics.outcomes()));
            Journal journal = new Journal(findings);
            journal.read(system.read(topics.journal()));
            journal.compare(outcomes);
            int published = new Versions(findings).check(system.kafka(), system.store(), journal.versions());
            Map<String, Object> examples = new LinkedHashMap<>();
            examples.put("records", outcomes.records());
            examples.put("acknowledged", acknowledged.size());
            examples.put("unknown", unknown);
            examples.putAll(outcomes.counts());
            Map<String, Object> rounds = new LinkedHashMap<>(journal.counts());
            rounds.put("published", published);
            return new Result(findings, examples, rounds, new FromGenesis(engines, findings).compute(system));
        }
    }
}
