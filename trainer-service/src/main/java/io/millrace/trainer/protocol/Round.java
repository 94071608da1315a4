package io.millrace.trainer.protocol;

import io.millrace.core.Digest;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.proto.internal.RoundAbandoned;
import io.millrace.proto.internal.RoundCommitted;
import io.millrace.proto.internal.RoundPlanned;
import io.millrace.proto.internal.RoundRetried;

/**
 * One round of one adapter, as a state machine. Each transition is one journal record; a state is what the journal says
 * so far.
 *
 * <pre>
 *   Collecting --RoundPlanned--> Planned --RoundCommitted--> Collecting (next head)
 *                                 |   ^ RoundRetried
 *                                 +---+
 *                                 +------RoundAbandoned----> Collecting (next head, weights unchanged)
 * </pre>
 */
public sealed interface Round {

    /** Retries of a planned round before it is given up. */
    int MAX_RETRIES = 3;

    /** What the round starts from. */
    Head head();

    /** The head came out with other bits when it was computed again; a plan stays as it is. */
    Round rebased(Digest newState);

    /** Records arrive; nothing is on record yet. */
    record Collecting(Head head) implements Round {

        /** @throws MillraceException {@code incompatible_log} where the plan isn't one of this head's next round */
        public Planned planned(RoundPlanned plan) {
            require(
                    plan.getRound() == head.round() + 1,
                    "plan of round " + plan.getRound() + " after round " + head.round());
            require(
                    plan.getStartHeadSha256().equals(head.digest().hex()),
                    "plan of round " + plan.getRound() + " starts from another head");
            require(
                    plan.getFrom() == head.through() && plan.getThrough() > plan.getFrom(),
                    "plan of round " + plan.getRound() + " covers (" + plan.getFrom() + ", " + plan.getThrough()
                            + "], the head has reached " + head.through());
            return new Planned(head, plan, 0, false);
        }

        @Override
        public Collecting rebased(Digest newState) {
            return new Collecting(head.rebased(newState));
        }
    }

    /**
     * What will be trained is fixed.
     *
     * @param retries attempts that were begun after the first
     * @param handedOver whether the last attempt was given up in good order, which is no failure
     */
    record Planned(Head head, RoundPlanned plan, int retries, boolean handedOver) implements Round {

        public Planned retried(RoundRetried retry) {
            require(retry.getRound() == plan.getRound(), "retry of round " + retry.getRound());
            return new Planned(head, plan, retry.getAttempt(), retry.getHandedOver());
        }

        /** Whether a further attempt is one too many. */
        public boolean exhausted() {
            return retries >= MAX_RETRIES && !handedOver;
        }

        public int nextAttempt() {
            return handedOver ? retries : retries + 1;
        }

        /** The head that the commit leads to, with its digest compared. */
        public Collecting committed(RoundCommitted commit) {
            require(commit.getRound() == plan.getRound(), "commit of round " + commit.getRound());
            Head next = head.after(plan, commit);
            require(
                    next.digest().hex().equals(commit.getHeadSha256()),
                    "round " + commit.getRound() + " leads to head " + next.digest() + ", its commit says "
                            + commit.getHeadSha256());
            return new Collecting(next);
        }

        public Collecting abandoned(RoundAbandoned abandoned) {
            require(abandoned.getRound() == plan.getRound(), "end of round " + abandoned.getRound());
            return new Collecting(head.afterAbandoned(plan));
        }

        @Override
        public Planned rebased(Digest newState) {
            return new Planned(head.rebased(newState), plan, retries, handedOver);
        }
    }

    private static void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new MillraceException(ErrorCode.INCOMPATIBLE_LOG, otherwise);
        }
    }
}
