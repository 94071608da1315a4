package io.millrace.trainer.train;

import io.millrace.trainer.protocol.Head;
import java.util.Set;

/**
 * Ids of examples that an adapter takes no more.
 *
 * @param excluded by a rebuild
 * @param forgotten with their texts
 */
public record TakenOut(Set<String> excluded, Set<String> forgotten) {
    public TakenOut {
        excluded = Set.copyOf(excluded);
        forgotten = Set.copyOf(forgotten);
    }

    public static TakenOut none() {
        return new TakenOut(Set.of(), Set.of());
    }

    public static TakenOut of(Head head) {
        return new TakenOut(Set.copyOf(head.state().getExcludedIdsList()), head.forgottenIds());
    }
}
