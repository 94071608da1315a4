package io.millrace.trainer.proof;

import io.millrace.core.VersionId;
import io.millrace.proto.internal.ExampleRef;
import io.millrace.proto.internal.PlannedRecord;
import io.millrace.trainer.proof.History.Cut;
import io.millrace.trainer.proof.History.RecordedRound;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Which rounds and versions have seen which examples. */
public record Sightings(History history) {

    /** How a round saw an example. */
    public enum How {
        TRAINED,
        REPLAYED,
        HELD_OUT,
        REJECTED;

        static How of(PlannedRecord record) {
            return switch (record.getDisposition()) {
                case FRESH -> TRAINED;
                case HELD_OUT -> HELD_OUT;
                default -> REJECTED;
            };
        }
    }

    /** @param abandoned whether the round was given up, so that the weights never saw it */
    public record Sighting(long round, How how, boolean abandoned) {}

    public List<Sighting> of(String exampleId) {
        List<Sighting> seen = new ArrayList<>();
        for (RecordedRound round : history.rounds()) {
            for (PlannedRecord record : round.plan().getRecordsList()) {
                if (record.getExampleId().equals(exampleId)) {
                    seen.add(new Sighting(round.plan().getRound(), How.of(record), !round.trained()));
                }
            }
            for (ExampleRef replayed : round.plan().getReplayedList()) {
                if (replayed.getExampleId().equals(exampleId)) {
                    seen.add(new Sighting(round.plan().getRound(), How.REPLAYED, !round.trained()));
                }
            }
        }
        return seen;
    }

    /** Those of the examples that are in a recorded round. */
    public Set<String> recorded(Set<String> exampleIds) {
        Set<String> found = new HashSet<>();
        for (RecordedRound round : history.rounds()) {
            for (PlannedRecord record : round.plan().getRecordsList()) {
                if (exampleIds.contains(record.getExampleId())) {
                    found.add(record.getExampleId());
                }
            }
        }
        return found;
    }

    /** Versions whose weights were trained on one of the examples, oldest first; rebuilt ones are known by their recipe. */
    public List<VersionId> versionsTrainedOn(Set<String> exampleIds, Rebuilds rebuilds) {
        List<VersionId> versions = new ArrayList<>();
        for (Cut cut : history.cuts()) {
            Set<String> left = new HashSet<>(exampleIds);
            cut.fold().head().state().getExcludedIdsList().forEach(left::remove);
            if (cut.rebuilt()) {
                rebuilds.recipe(cut.version())
                        .ifPresent(recipe -> recipe.getWithoutList().forEach(left::remove));
            }
            if (!left.isEmpty() && trained(left, cut.rounds())) {
                versions.add(cut.version());
            }
        }
        return versions;
    }

    private boolean trained(Set<String> exampleIds, int rounds) {
        return history.rounds().subList(0, rounds).stream()
                .filter(RecordedRound::trained)
                .flatMap(round -> round.plan().getRecordsList().stream())
                .anyMatch(record -> record.getDisposition() == PlannedRecord.Disposition.FRESH
                        && exampleIds.contains(record.getExampleId()));
    }
}
