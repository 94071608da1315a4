package io.millrace.trainer.proof;

import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import io.millrace.core.AdapterName;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.core.VersionId;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Who has seen an example.
 *
 * @param rounds that trained or replayed it, held it out or refused it
 * @param trainedOn ids of the versions whose weights were trained on it, oldest first
 */
@JsonNaming(SnakeCaseStrategy.class)
public record SeenBy(String adapter, String example, List<Sightings.Sighting> rounds, List<String> trainedOn) {

    /**
     * Those of the examples that each adapter has a round with; reads the journal once.
     *
     * @throws MillraceException {@code kafka_unavailable}
     */
    public static Map<String, Set<String>> adapters(ProofContext context, Set<String> examples) {
        Map<String, Set<String>> byAdapter = new TreeMap<>();
        context.journal().all().forEach((adapter, history) -> {
            Set<String> seen = new TreeSet<>(new Sightings(history).recorded(examples));
            if (!seen.isEmpty()) {
                byAdapter.put(adapter.toString(), seen);
            }
        });
        return byAdapter;
    }

    /** @throws MillraceException {@code unknown_adapter}, {@code kafka_unavailable} */
    public static SeenBy of(ProofContext context, AdapterName adapter, String example) {
        Sightings sightings = new Sightings(context.journal()
                .of(adapter)
                .orElseThrow(() ->
                        new MillraceException(ErrorCode.UNKNOWN_ADAPTER, "the journal knows nothing of " + adapter)));
        return new SeenBy(
                adapter.toString(),
                example,
                sightings.of(example),
                sightings.versionsTrainedOn(Set.of(example), context.rebuilds()).stream()
                        .map(VersionId::hex)
                        .toList());
    }
}
