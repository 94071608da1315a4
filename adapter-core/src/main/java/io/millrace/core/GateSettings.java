package io.millrace.core;

import java.util.OptionalDouble;

/**
 * When a candidate becomes champion, and when a champion goes again.
 *
 * @param confidence with which a difference must be certain to count, in [0.5, 1)
 * @param tolerance part of the champion's loss by which a candidate may be worse on the rolling held-out set; empty: the
 *     set isn't asked
 * @param referenceTolerance the same for the frozen reference set
 * @param rewardDrop the champion is rolled back where its mean online reward is that far below its predecessor's; empty:
 *     rewards roll nothing back
 * @param rollbackReference whether a champion that is worse than its predecessor on the reference set is rolled back
 */
public record GateSettings(
        double confidence,
        OptionalDouble tolerance,
        OptionalDouble referenceTolerance,
        OptionalDouble rewardDrop,
        boolean rollbackReference) {

    public static GateSettings defaults() {
        return new GateSettings(0.95, OptionalDouble.of(0.01), OptionalDouble.of(0.05), OptionalDouble.of(0.05), true);
    }
}
