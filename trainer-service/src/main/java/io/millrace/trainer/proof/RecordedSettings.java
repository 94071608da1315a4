package io.millrace.trainer.proof;

import io.millrace.core.AdapterSetting;
import io.millrace.core.AdapterSettings;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.core.ReplaySettings;
import io.millrace.proto.internal.Hyperparameters;
import io.millrace.proto.internal.RebuildSetting;
import io.millrace.proto.internal.RoundPlanned;
import io.millrace.trainer.protocol.Head;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The settings that a recorded round was planned with, and what a rebuild has otherwise. A round's boundaries are on
 * record, so nothing closes it.
 *
 * @param changed by the keys of {@link AdapterSetting}
 */
record RecordedSettings(List<RebuildSetting> changed) {
    private static final int NO_LIMIT = 1 << 20;

    /** What a rebuild can change: whatever a round's result depends on, but for its boundaries. */
    private static final Set<AdapterSetting> CHANGEABLE = Set.of(
            AdapterSetting.RANK,
            AdapterSetting.ALPHA,
            AdapterSetting.DROPOUT,
            AdapterSetting.TARGETS,
            AdapterSetting.LEARNING_RATE,
            AdapterSetting.WARMUP_STEPS,
            AdapterSetting.CLIP,
            AdapterSetting.MICRO_BATCH,
            AdapterSetting.MAX_LENGTH,
            AdapterSetting.AVERAGE,
            AdapterSetting.REPLAY,
            AdapterSetting.REPLAY_AFTER_SHIFT,
            AdapterSetting.REPLAY_SHIFT_ROUNDS,
            AdapterSetting.REPLAY_RESERVOIR,
            AdapterSetting.DRIFT_THRESHOLD);

    /** @throws MillraceException {@code bad_setting} */
    RecordedSettings {
        changed = List.copyOf(changed);
        AdapterSettings checked = AdapterSettings.defaults();
        for (RebuildSetting setting : changed) {
            if (!CHANGEABLE.contains(AdapterSetting.of(setting.getKey()))) {
                throw new MillraceException(
                        ErrorCode.BAD_SETTING,
                        "'" + setting.getKey() + "' changes no recorded round; a rebuild can set "
                                + String.join(
                                        ", ",
                                        CHANGEABLE.stream()
                                                .map(AdapterSetting::key)
                                                .sorted()
                                                .toList()));
            }
            checked = checked.with(setting.getKey(), setting.getValue());
        }
    }

    AdapterSettings of(RoundPlanned plan) {
        AdapterSettings usual = AdapterSettings.defaults();
        Hyperparameters recorded = plan.getHyperparameters();
        AdapterSettings settings = new AdapterSettings(
                Head.lora(plan.getGenesis()),
                Optional.of(recorded.getLearningRate()),
                recorded.getWarmupSteps(),
                recorded.getClip(),
                NO_LIMIT,
                Integer.MAX_VALUE,
                usual.roundMaxWait(),
                recorded.getMicroBatch(),
                recorded.getMaxLength(),
                usual.versionEveryRounds(),
                usual.versionMaxAge(),
                usual.versionMaxIdle(),
                usual.autoPromote(),
                usual.warmupIdle(),
                recorded.getAverageDecay(),
                replay(plan),
                recorded.getDriftThreshold(),
                usual.gate());
        for (RebuildSetting setting : changed) {
            settings = settings.with(setting.getKey(), setting.getValue());
        }
        return settings;
    }

    /** What the round's result depended on, by its keys in the order of {@link AdapterSetting}. */
    Map<String, String> values(RoundPlanned plan) {
        AdapterSettings settings = of(plan);
        Map<String, String> values = new LinkedHashMap<>();
        for (AdapterSetting setting : AdapterSetting.values()) {
            if (CHANGEABLE.contains(setting)) {
                values.put(setting.key(), setting.valueIn(settings));
            }
        }
        return values;
    }

    private static ReplaySettings replay(RoundPlanned plan) {
        Hyperparameters recorded = plan.getHyperparameters();
        boolean onRecord = recorded.getReplayShiftRounds() > 0;
        return new ReplaySettings(
                onRecord ? recorded.getReplay() : plan.getReplayShare(),
                recorded.getReplayAfterShift(),
                recorded.getReplayShiftRounds(),
                recorded.getReservoirExamples());
    }
}
