package io.millrace.trainer.proof;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import io.millrace.core.VersionId;
import io.millrace.proto.internal.HeadState;
import io.millrace.proto.internal.RebuildRecipe;
import io.millrace.trainer.proof.RebuildJob.RebuiltVersion;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * What a rebuild came to, as the API shows it.
 *
 * @param base id of the base that it is for
 * @param replaced whether live training goes on from it
 * @param recordedRounds that went in
 * @param rounds that were left of them
 * @param examples trained
 * @param notFound ids that no recorded round has
 * @param trainedOn versions that were trained on the examples which are left out
 */
record RebuildResult(
        String adapter,
        String version,
        String rebuiltFrom,
        String base,
        boolean replaced,
        int recordedRounds,
        long rounds,
        long examples,
        List<String> without,
        List<String> notFound,
        List<String> trainedOn) {
    private static final ObjectMapper JSON =
            new ObjectMapper().setPropertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE);

    static RebuildResult of(RebuiltVersion made, History history, RebuildRecipe asked, Rebuilds rebuilds) {
        Set<String> without = new TreeSet<>(asked.getWithoutList());
        Sightings sightings = new Sightings(history);
        TreeSet<String> notFound = new TreeSet<>(without);
        notFound.removeAll(sightings.recorded(without));
        HeadState head = made.line().fold().head().state();
        return new RebuildResult(
                asked.getAdapter(),
                made.version().hex(),
                asked.getRebuiltFrom(),
                head.getGenesis().getBaseId(),
                made.replaced(),
                made.line().recordedRounds(),
                head.getRound(),
                head.getExamples(),
                List.copyOf(without),
                List.copyOf(notFound),
                sightings.versionsTrainedOn(without, rebuilds).stream()
                        .map(VersionId::hex)
                        .toList());
    }

    JsonNode json() {
        return JSON.valueToTree(this);
    }
}
