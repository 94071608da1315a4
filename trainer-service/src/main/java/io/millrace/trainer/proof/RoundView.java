package io.millrace.trainer.proof;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import io.millrace.core.Digest;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.proto.internal.ExampleRef;
import io.millrace.proto.internal.PlannedRecord;
import io.millrace.proto.internal.RebuildRecipe;
import io.millrace.proto.internal.RoundCommitted;
import io.millrace.proto.internal.RoundPlanned;
import io.millrace.trainer.proof.Sightings.How;
import io.millrace.trainer.protocol.Head;
import io.millrace.trainer.train.Archives;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * One recorded round of a version, as the API shows it.
 *
 * @param round its ordinal in the journal
 * @param trained whether it was committed; else it was abandoned
 * @param rebuilt whether it was trained anew by a rebuild, which replays what it draws itself
 * @param fingerprint what the recorded bits depend on beside the data
 * @param settings that it was trained with, by their keys
 * @param plan digest of the journal's plan
 * @param state digest of weights and optimizer that it led to; of a round as it was trained
 * @param replayed of a round as it was trained
 */
@JsonNaming(SnakeCaseStrategy.class)
@JsonInclude(JsonInclude.Include.NON_ABSENT)
public record RoundView(
        long round,
        boolean trained,
        boolean rebuilt,
        String fingerprint,
        Map<String, String> settings,
        boolean afterIdle,
        String seed,
        String plan,
        String archive,
        Optional<String> state,
        List<Example> examples,
        List<Example> replayed) {

    /**
     * An example of a round.
     *
     * @param how empty of a replayed one
     * @param contentSha256 of its canonical content; empty where that isn't stored any more
     * @param code why it was refused
     * @param loss before the update, of a trained one
     */
    @JsonNaming(SnakeCaseStrategy.class)
    @JsonInclude(JsonInclude.Include.NON_ABSENT)
    public record Example(
            String id,
            Optional<How> how,
            Optional<String> contentSha256,
            Optional<String> code,
            Optional<Double> loss,
            Optional<Boolean> leftOut) {}

    static RoundView of(MadeOf.Round round, Archives archives) {
        RoundPlanned plan = round.recorded().plan();
        Optional<RoundCommitted> commit = round.recorded().commit();
        boolean rebuilt = round.recipe().isPresent();
        Settings settings = new Settings(round.recipe());
        return new RoundView(
                plan.getRound(),
                round.recorded().trained(),
                rebuilt,
                commit.map(RoundCommitted::getFingerprint).orElse(plan.getFingerprint()),
                settings.of(plan),
                plan.getAfterIdle(),
                Long.toUnsignedString(plan.getSeed()),
                Digest.of(plan.toByteArray()).hex(),
                plan.getArchiveSha256(),
                rebuilt ? Optional.empty() : commit.map(RoundCommitted::getStateSha256),
                examples(plan, commit.filter(c -> !rebuilt), settings.without(), archives),
                rebuilt ? List.of() : replayed(plan, archives));
    }

    /** What a round was trained with: as recorded, or as its rebuild changed it. */
    private record Settings(Optional<RebuildRecipe> recipe) {
        Map<String, String> of(RoundPlanned plan) {
            return new RecordedSettings(
                            recipe.map(RebuildRecipe::getSettingsList).orElse(List.of()))
                    .values(plan);
        }

        Set<String> without() {
            return recipe.map(r -> Set.copyOf(r.getWithoutList())).orElse(Set.of());
        }
    }

    private static List<Example> examples(
            RoundPlanned plan, Optional<RoundCommitted> commit, Set<String> without, Archives archives) {
        Map<String, Double> losses = new HashMap<>();
        commit.ifPresent(c -> {
            List<PlannedRecord> fresh = Head.fresh(plan);
            for (int i = 0; i < Math.min(fresh.size(), c.getLossesCount()); i++) {
                losses.put(fresh.get(i).getExampleId(), c.getLosses(i));
            }
        });
        List<Example> examples = new ArrayList<>();
        for (PlannedRecord record : plan.getRecordsList()) {
            ExampleRef reference = ExampleRef.newBuilder()
                    .setArchiveSha256(plan.getArchiveSha256())
                    .setArchiveIndex(record.getArchiveIndex())
                    .build();
            examples.add(new Example(
                    record.getExampleId(),
                    Optional.of(How.of(record)),
                    content(reference, archives),
                    Optional.of(record.getCode()).filter(code -> !code.isEmpty()),
                    Optional.ofNullable(losses.get(record.getExampleId())),
                    Optional.of(without.contains(record.getExampleId())).filter(out -> out)));
        }
        return examples;
    }

    private static List<Example> replayed(RoundPlanned plan, Archives archives) {
        return plan.getReplayedList().stream()
                .map(ref -> new Example(
                        ref.getExampleId(),
                        Optional.empty(),
                        content(ref, archives),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty()))
                .toList();
    }

    private static Optional<String> content(ExampleRef reference, Archives archives) {
        try {
            return Optional.of(archives.get(reference).getContentSha256()).filter(digest -> !digest.isEmpty());
        } catch (MillraceException e) {
            if (e.code() != ErrorCode.UNKNOWN_BLOB && e.code() != ErrorCode.DIGEST_MISMATCH) {
                throw e;
            }
            return Optional.empty();
        }
    }
}
