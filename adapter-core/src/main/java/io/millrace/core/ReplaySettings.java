package io.millrace.core;

/**
 * What an adapter trains again so as not to forget it.
 *
 * @param share examples trained again for each fresh one; above 0 also as many as fill a round's last step
 * @param afterShift the same in the rounds after a detected shift
 * @param shiftRounds how many rounds those are
 * @param reservoirExamples trained examples that are kept to choose from
 */
public record ReplaySettings(double share, double afterShift, int shiftRounds, int reservoirExamples) {

    public static ReplaySettings defaults() {
        return new ReplaySettings(0.1, 0.5, 15, 500);
    }
}
