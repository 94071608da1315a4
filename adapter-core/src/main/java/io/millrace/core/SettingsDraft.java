package io.millrace.core;

import java.time.Duration;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.TreeSet;

/** Settings while they are being changed by {@link AdapterSetting}. */
final class SettingsDraft {
    int rank;
    double alpha;
    double dropout;
    Set<String> targets;
    private final boolean rsLora;
    Optional<Double> learningRate;
    int warmupSteps;
    double clip;
    int roundMaxExamples;
    int roundMaxTokens;
    Duration roundMaxWait;
    int microBatch;
    int maxLength;
    int versionEveryRounds;
    Duration versionMaxAge;
    Duration versionMaxIdle;
    boolean autoPromote;
    Duration warmupIdle;
    double averageDecay;
    double replayShare;
    double replayAfterShift;
    int replayShiftRounds;
    int reservoirExamples;
    double driftThreshold;
    double gateConfidence;
    OptionalDouble gateTolerance;
    OptionalDouble gateReferenceTolerance;
    OptionalDouble rollbackRewardDrop;
    boolean rollbackReference;

    SettingsDraft(AdapterSettings s) {
        rank = s.lora().rank();
        alpha = s.lora().alpha();
        dropout = s.lora().dropout();
        targets = s.lora().targetModules();
        rsLora = s.lora().rsLora();
        learningRate = s.learningRate();
        warmupSteps = s.warmupSteps();
        clip = s.clip();
        roundMaxExamples = s.roundMaxExamples();
        roundMaxTokens = s.roundMaxTokens();
        roundMaxWait = s.roundMaxWait();
        microBatch = s.microBatch();
        maxLength = s.maxLength();
        versionEveryRounds = s.versionEveryRounds();
        versionMaxAge = s.versionMaxAge();
        versionMaxIdle = s.versionMaxIdle();
        autoPromote = s.autoPromote();
        warmupIdle = s.warmupIdle();
        averageDecay = s.averageDecay();
        replayShare = s.replay().share();
        replayAfterShift = s.replay().afterShift();
        replayShiftRounds = s.replay().shiftRounds();
        reservoirExamples = s.replay().reservoirExamples();
        driftThreshold = s.driftThreshold();
        gateConfidence = s.gate().confidence();
        gateTolerance = s.gate().tolerance();
        gateReferenceTolerance = s.gate().referenceTolerance();
        rollbackRewardDrop = s.gate().rewardDrop();
        rollbackReference = s.gate().rollbackReference();
    }

    AdapterSettings build() {
        return new AdapterSettings(
                new LoraConfig(rank, alpha, dropout, new TreeSet<>(targets), rsLora),
                learningRate,
                warmupSteps,
                clip,
                roundMaxExamples,
                roundMaxTokens,
                roundMaxWait,
                microBatch,
                maxLength,
                versionEveryRounds,
                versionMaxAge,
                versionMaxIdle,
                autoPromote,
                warmupIdle,
                averageDecay,
                new ReplaySettings(replayShare, replayAfterShift, replayShiftRounds, reservoirExamples),
                driftThreshold,
                new GateSettings(
                        gateConfidence, gateTolerance, gateReferenceTolerance, rollbackRewardDrop, rollbackReference));
    }
}
