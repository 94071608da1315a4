package io.millrace.trainer.api;

import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import io.millrace.registry.Revisions;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What is asked for.
 *
 * @param kind {@code verify}, {@code rebuild}, {@code forget} or {@code eval}
 * @param revision of the adapter: an alias, {@code latest}, {@code vN} or 40 hex; where none is named the latest, or to
 *     rebuild from the latest that was trained here
 * @param fromGenesis to verify all rounds since the first, not those of the version alone
 * @param without ids of examples to rebuild without
 * @param set settings to rebuild with
 * @param replace whether live training goes on from what is rebuilt
 * @param examples ids of examples to forget
 * @param keepTopics whether to leave what topics hold of them to the topics' retention
 * @param records to measure with, each the text of an example
 */
@JsonNaming(SnakeCaseStrategy.class)
public record JobRequest(
        String kind,
        String adapter,
        Optional<String> revision,
        boolean fromGenesis,
        Set<String> without,
        Map<String, String> set,
        boolean replace,
        Set<String> examples,
        boolean keepTopics,
        List<String> records) {
    public JobRequest {
        revision = revision == null ? Optional.empty() : revision;
        without = without == null ? Set.of() : Set.copyOf(without);
        examples = examples == null ? Set.of() : Set.copyOf(examples);
        records = records == null ? List.of() : List.copyOf(records);
        set = set == null ? Map.of() : Map.copyOf(set);
    }

    String revisionOrLatest() {
        return revision.orElse(Revisions.LATEST);
    }
}
