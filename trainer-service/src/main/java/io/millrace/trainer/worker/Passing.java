package io.millrace.trainer.worker;

import io.millrace.proto.internal.JournalRecord;
import io.millrace.trainer.protocol.CrashPoint;
import java.util.Optional;

/** The crash points of one transaction: before it begins, when it holds everything, and when it is committed. */
record Passing(CrashPoint before, CrashPoint during, CrashPoint after) {

    /** Empty where nobody needs to die in such a transaction. */
    static Optional<Passing> of(Proposal proposal) {
        return proposal.events().stream()
                .map(Passing::of)
                .flatMap(Optional::stream)
                .findFirst();
    }

    private static Optional<Passing> of(JournalRecord event) {
        return switch (event.getEventCase()) {
            case ROUND_PLANNED ->
                Optional.of(new Passing(CrashPoint.BEFORE_PLAN, CrashPoint.DURING_PLAN, CrashPoint.AFTER_PLAN));
            case ROUND_RETRIED ->
                Optional.of(new Passing(CrashPoint.BEFORE_RETRY, CrashPoint.DURING_RETRY, CrashPoint.AFTER_RETRY));
            case ROUND_COMMITTED ->
                Optional.of(new Passing(CrashPoint.BEFORE_COMMIT, CrashPoint.DURING_COMMIT, CrashPoint.AFTER_COMMIT));
            case VERSION_CUT ->
                Optional.of(new Passing(CrashPoint.AFTER_FILES, CrashPoint.DURING_CUT, CrashPoint.AFTER_CUT));
            case EXAMPLES_FORGOTTEN ->
                Optional.of(new Passing(CrashPoint.BEFORE_FORGET, CrashPoint.DURING_FORGET, CrashPoint.AFTER_FORGET));
            default -> Optional.empty();
        };
    }
}
