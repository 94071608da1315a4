package io.millrace.trainer.proof;

import io.millrace.core.AdapterName;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.core.VersionId;
import io.millrace.proto.internal.RebuildRecipe;
import io.millrace.registry.VersionEntry;
import io.millrace.trainer.proof.History.Cut;
import io.millrace.trainer.proof.History.RecordedRound;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Which recorded rounds a version is made of, oldest first: as they were trained, or by the recipe of the rebuilt version
 * that its line goes on from.
 *
 * @param parts each a run of recorded rounds
 */
record MadeOf(History history, List<Part> parts) {

    MadeOf {
        parts = List.copyOf(parts);
    }

    /**
     * A run of recorded rounds.
     *
     * @param from index of the first
     * @param to index after the last
     * @param recipe by which they were trained anew; empty where they count as they were trained
     */
    record Part(int from, int to, Optional<RebuildRecipe> recipe) {}

    /** One recorded round of a version. */
    record Round(RecordedRound recorded, Optional<RebuildRecipe> recipe) {}

    /** @throws MillraceException {@code bad_request} where the version wasn't made of recorded rounds */
    static MadeOf of(History history, Rebuilds rebuilds, VersionEntry version) {
        return new MadeOf(history, parts(history, rebuilds, version.adapter(), version.id()));
    }

    /** Of a cut, or of a rebuilt version. */
    static List<Part> parts(History history, Rebuilds rebuilds, AdapterName adapter, VersionId version) {
        Optional<RebuildRecipe> recipe = rebuilds.recipe(version);
        if (recipe.isPresent()) {
            return List.of(new Part(0, recipe.get().getRecordedRounds(), recipe));
        }
        Cut cut = history.cut(version)
                .orElseThrow(() -> new MillraceException(
                        ErrorCode.BAD_REQUEST,
                        adapter + "@" + version + " wasn't made of recorded rounds, but uploaded: nothing is known of"
                                + " its examples"));
        List<Part> parts = new ArrayList<>();
        int from = 0;
        Optional<Cut> rebuilt = history.rebuiltBefore(cut);
        if (rebuilt.isPresent()) {
            parts.addAll(parts(history, rebuilds, adapter, rebuilt.get().version()));
            from = rebuilt.get().rounds();
        }
        parts.add(new Part(from, cut.rounds(), Optional.empty()));
        return parts;
    }

    int size() {
        return parts.stream().mapToInt(part -> part.to() - part.from()).sum();
    }

    /** Some of the rounds, from that index among them on. */
    List<Round> rounds(int from, int atMost) {
        List<Round> rounds = new ArrayList<>();
        int passed = 0;
        for (Part part : parts) {
            for (int i = part.from() + Math.max(0, from - passed); i < part.to() && rounds.size() < atMost; i++) {
                rounds.add(new Round(history.rounds().get(i), part.recipe()));
            }
            passed += part.to() - part.from();
        }
        return rounds;
    }
}
