package io.millrace.trainer.proof;

import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.proto.internal.ExampleRef;
import io.millrace.proto.internal.PlannedRecord;
import io.millrace.registry.VersionEntry;
import io.millrace.trainer.proof.History.Cut;
import io.millrace.trainer.protocol.Head;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * A version that can't be computed again from the adapter's first weights, because texts are gone.
 *
 * @param ownRounds whether rounds since the version before it need such a text: else it can still be proved from the state
 *     that was stored before them
 * @param rounds that need one, by their ordinals in the journal
 */
@JsonNaming(SnakeCaseStrategy.class)
public record Unprovable(String version, String label, boolean ownRounds, List<Long> rounds) {

    /** Empty where the version needs none of the texts, or wasn't made of recorded rounds. */
    public static Optional<Unprovable> of(
            History history, Rebuilds rebuilds, VersionEntry version, Set<String> forgotten) {
        MadeOf made;
        try {
            made = MadeOf.of(history, rebuilds, version);
        } catch (MillraceException e) {
            if (e.code() != ErrorCode.BAD_REQUEST) {
                throw e;
            }
            return Optional.empty();
        }
        List<MadeOf.Round> needing = made.rounds(0, made.size()).stream()
                .filter(round -> needs(round, forgotten))
                .toList();
        if (needing.isEmpty()) {
            return Optional.empty();
        }
        Optional<Cut> cut = history.cut(version.id()).filter(c -> !c.rebuilt());
        boolean own = cut.isEmpty()
                || needing.stream()
                        .filter(round -> round.recipe().isEmpty())
                        .anyMatch(round ->
                                round.recorded().plan().getRound() > cut.get().afterRound());
        return Optional.of(new Unprovable(
                version.id().hex(),
                version.ordinalName(),
                own,
                needing.stream()
                        .map(round -> round.recorded().plan().getRound())
                        .toList()));
    }

    /** As it was trained, a round needs what it trained and replayed; one that is made anew, all that it had. */
    private static boolean needs(MadeOf.Round round, Set<String> forgotten) {
        if (round.recipe().isPresent()) {
            Set<String> without = Set.copyOf(round.recipe().get().getWithoutList());
            return round.recorded().plan().getRecordsList().stream()
                    .map(PlannedRecord::getExampleId)
                    .anyMatch(id -> forgotten.contains(id) && !without.contains(id));
        }
        return round.recorded().trained()
                && (Head.fresh(round.recorded().plan()).stream()
                                .map(PlannedRecord::getExampleId)
                                .anyMatch(forgotten::contains)
                        || round.recorded().plan().getReplayedList().stream()
                                .map(ExampleRef::getExampleId)
                                .anyMatch(forgotten::contains));
    }
}
