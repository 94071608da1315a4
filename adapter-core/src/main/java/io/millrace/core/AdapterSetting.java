package io.millrace.core;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.stream.Collectors;

/** The keys of `adapters set`: what each means, which values it takes, and whether it can still change. */
@SuppressWarnings("ImmutableEnumChecker") // the functions hold no state
public enum AdapterSetting {
    RANK(
            "rank",
            "rows of A and columns of B in every adapted module",
            "an integer from 1 to 1024",
            (d, v) -> d.rank = SettingText.integer(v, 1, 1024),
            s -> String.valueOf(s.lora().rank())),
    ALPHA(
            "alpha",
            "numerator of the adapter's scale alpha / rank",
            "a number above 0",
            (d, v) -> d.alpha = SettingText.number(v, Double.MIN_VALUE, 1e6),
            s -> SettingText.show(s.lora().alpha())),
    DROPOUT(
            "dropout",
            "probability that an input of A is dropped while training",
            "a number from 0 to below 1",
            (d, v) -> d.dropout = SettingText.number(v, 0, Math.nextDown(1.0)),
            s -> SettingText.show(s.lora().dropout())),
    TARGETS(
            "targets",
            "linear modules that get an adapter, separated by commas",
            "all, or some of " + String.join(",", LoraConfig.ALL_LINEAR),
            (d, v) -> d.targets = SettingText.targets(v),
            s -> LoraConfig.ALL_LINEAR.stream()
                    .filter(target -> s.lora().targetModules().contains(target))
                    .collect(Collectors.joining(","))),
    LEARNING_RATE(
            "lr",
            "AdamW's learning rate; auto chooses by the base's size",
            "auto, or a number above 0 and at most 1",
            (d, v) -> d.learningRate =
                    v.equals("auto") ? Optional.empty() : Optional.of(SettingText.number(v, Double.MIN_VALUE, 1)),
            s -> s.learningRate().map(SettingText::show).orElse("auto")),
    WARMUP_STEPS(
            "warmup-steps",
            "optimizer steps in which the learning rate rises to its value",
            "an integer from 0 to 1000000",
            (d, v) -> d.warmupSteps = SettingText.integer(v, 0, 1_000_000),
            s -> String.valueOf(s.warmupSteps())),
    CLIP(
            "clip",
            "largest norm of a step's gradient",
            "a number above 0",
            (d, v) -> d.clip = SettingText.number(v, Double.MIN_VALUE, 1e9),
            s -> SettingText.show(s.clip())),
    ROUND_MAX_EXAMPLES(
            "round.max-examples",
            "a round closes at this many fresh examples",
            "an integer from 1 to 100000",
            (d, v) -> d.roundMaxExamples = SettingText.integer(v, 1, 100_000),
            s -> String.valueOf(s.roundMaxExamples())),
    ROUND_MAX_TOKENS(
            "round.max-tokens",
            "a round closes at this many tokens",
            "an integer from 1 to 1000000000",
            (d, v) -> d.roundMaxTokens = SettingText.integer(v, 1, 1_000_000_000),
            s -> String.valueOf(s.roundMaxTokens())),
    ROUND_MAX_WAIT(
            "round.max-wait",
            "a round closes this long after its first example",
            SettingText.DURATION_RULE,
            (d, v) -> d.roundMaxWait = SettingText.duration(v),
            s -> SettingText.show(s.roundMaxWait())),
    MICRO_BATCH(
            "micro-batch",
            "sequences in one forward pass",
            "an integer from 1 to 1024",
            (d, v) -> d.microBatch = SettingText.integer(v, 1, 1024),
            s -> String.valueOf(s.microBatch())),
    MAX_LENGTH(
            "max-length",
            "tokens of one sequence, prompt and completion together",
            "an integer from 2 to 1000000",
            (d, v) -> d.maxLength = SettingText.integer(v, 2, 1_000_000),
            s -> String.valueOf(s.maxLength())),
    VERSION_EVERY_ROUNDS(
            "version.every-rounds",
            "a version is cut after this many rounds",
            "an integer from 1 to 1000000",
            (d, v) -> d.versionEveryRounds = SettingText.integer(v, 1, 1_000_000),
            s -> String.valueOf(s.versionEveryRounds())),
    VERSION_MAX_AGE(
            "version.max-age",
            "a version is cut this long after the last cut, if something was trained since",
            SettingText.DURATION_RULE,
            (d, v) -> d.versionMaxAge = SettingText.duration(v),
            s -> SettingText.show(s.versionMaxAge())),
    VERSION_MAX_IDLE(
            "version.max-idle",
            "a version is cut this long after the last round when nothing more waits",
            SettingText.DURATION_RULE,
            (d, v) -> d.versionMaxIdle = SettingText.duration(v),
            s -> SettingText.show(s.versionMaxIdle())),
    AUTO_PROMOTE(
            "auto-promote",
            "whether a version that passes the gate becomes champion",
            "true or false",
            (d, v) -> d.autoPromote = SettingText.bool(v),
            s -> String.valueOf(s.autoPromote())),
    WARMUP_IDLE(
            "warmup.idle",
            "after this long without a round the learning rate rises anew",
            SettingText.DURATION_RULE,
            (d, v) -> d.warmupIdle = SettingText.duration(v),
            s -> SettingText.show(s.warmupIdle())),
    AVERAGE(
            "average",
            "largest decay of a running average of the weights, which versions are then made of; less for some steps after a start, idleness or a shift",
            "off, or a number above 0 and below 1",
            (d, v) ->
                    d.averageDecay = v.equals("off") ? 0 : SettingText.number(v, Double.MIN_VALUE, Math.nextDown(1.0)),
            s -> s.averageDecay() == 0 ? "off" : SettingText.show(s.averageDecay())),
    REPLAY(
            "replay",
            "examples trained again for each fresh one, and more to fill a round's last step; 0: none",
            "a number from 0 to 10",
            (d, v) -> d.replayShare = SettingText.number(v, 0, 10),
            s -> SettingText.show(s.replay().share())),
    REPLAY_AFTER_SHIFT(
            "replay.after-shift",
            "examples trained again for each fresh one in the rounds after a detected shift",
            "a number from 0 to 10",
            (d, v) -> d.replayAfterShift = SettingText.number(v, 0, 10),
            s -> SettingText.show(s.replay().afterShift())),
    REPLAY_SHIFT_ROUNDS(
            "replay.shift-rounds",
            "rounds that count as after a shift",
            "an integer from 0 to 1000000",
            (d, v) -> d.replayShiftRounds = SettingText.integer(v, 0, 1_000_000),
            s -> String.valueOf(s.replay().shiftRounds())),
    REPLAY_RESERVOIR(
            "replay.reservoir",
            "trained examples that are kept to be trained again",
            "an integer from 500 to 5000",
            (d, v) -> d.reservoirExamples = SettingText.integer(v, 500, 5_000),
            s -> String.valueOf(s.replay().reservoirExamples())),
    DRIFT_THRESHOLD(
            "drift.threshold",
            "how far the loss must rise, summed in standard deviations, to count as a shift of what comes in",
            "off, or a number above 0",
            (d, v) -> d.driftThreshold = v.equals("off") ? 0 : SettingText.number(v, Double.MIN_VALUE, 1e6),
            s -> s.driftThreshold() == 0 ? "off" : SettingText.show(s.driftThreshold())),
    GATE_CONFIDENCE(
            "gate.confidence",
            "a candidate is refused where it is this surely worse than the champion",
            "a number from 0.5 to below 1",
            (d, v) -> d.gateConfidence = SettingText.number(v, 0.5, Math.nextDown(1.0)),
            s -> SettingText.show(s.gate().confidence())),
    GATE_TOLERANCE(
            "gate.tolerance",
            "part of the champion's loss by which a candidate may be worse on the rolling held-out set",
            "off to leave the set out, or a number from 0 to 10",
            (d, v) -> d.gateTolerance = tolerance(v),
            s -> show(s.gate().tolerance())),
    GATE_REFERENCE_TOLERANCE(
            "gate.reference-tolerance",
            "part of the champion's loss by which a candidate may be worse on the frozen reference set",
            "off to leave the set out, or a number from 0 to 10",
            (d, v) -> d.gateReferenceTolerance = tolerance(v),
            s -> show(s.gate().referenceTolerance())),
    ROLLBACK_REWARD_DROP(
            "rollback.reward-drop",
            "the champion is rolled back where its mean online reward is surely this far below its predecessor's",
            "off, or a number from 0 to 1",
            (d, v) -> d.rollbackRewardDrop =
                    v.equals("off") ? OptionalDouble.empty() : OptionalDouble.of(SettingText.number(v, 0, 1)),
            s -> show(s.gate().rewardDrop())),
    ROLLBACK_REFERENCE(
            "rollback.reference",
            "whether the champion is rolled back where it is surely worse on the reference set than its predecessor",
            "true or false",
            (d, v) -> d.rollbackReference = SettingText.bool(v),
            s -> String.valueOf(s.gate().rollbackReference()));

    /** What a version's bytes have the shape of. */
    private static final Set<AdapterSetting> IMMUTABLE = Set.of(RANK, ALPHA, TARGETS);

    private final String key;
    private final String description;
    private final String allowed;
    private final BiConsumer<SettingsDraft, String> setter;
    private final Function<AdapterSettings, String> getter;

    AdapterSetting(
            String key,
            String description,
            String allowed,
            BiConsumer<SettingsDraft, String> setter,
            Function<AdapterSettings, String> getter) {
        this.key = key;
        this.description = description;
        this.allowed = allowed;
        this.setter = setter;
        this.getter = getter;
    }

    /** @throws MillraceException {@code bad_setting} naming the known keys */
    public static AdapterSetting of(String key) {
        return Arrays.stream(values())
                .filter(s -> s.key.equals(key))
                .findFirst()
                .orElseThrow(() -> new MillraceException(
                        ErrorCode.BAD_SETTING,
                        "'" + key + "' is no setting; the settings are "
                                + Arrays.stream(values()).map(s -> s.key).collect(Collectors.joining(", "))));
    }

    /** The key as written, as {@code round.max-wait}. */
    public String key() {
        return key;
    }

    public String description() {
        return description;
    }

    /** Which values it takes, in words. */
    public String allowed() {
        return allowed;
    }

    public String defaultValue() {
        return valueIn(AdapterSettings.defaults());
    }

    /** Whether it is fixed once the adapter's first round was trained; only a rebuild changes it then. */
    public boolean immutableAfterFirstRound() {
        return IMMUTABLE.contains(this);
    }

    /** Its value in the form that {@link AdapterSettings#with} reads. */
    public String valueIn(AdapterSettings settings) {
        return getter.apply(settings);
    }

    private static OptionalDouble tolerance(String value) {
        return value.equals("off") ? OptionalDouble.empty() : OptionalDouble.of(SettingText.number(value, 0, 10));
    }

    private static String show(OptionalDouble value) {
        return value.isPresent() ? SettingText.show(value.getAsDouble()) : "off";
    }

    void set(SettingsDraft draft, String value) {
        try {
            setter.accept(draft, value.strip());
        } catch (IllegalArgumentException e) {
            throw new MillraceException(
                    ErrorCode.BAD_SETTING,
                    String.format(Locale.ROOT, "%s must be %s, not '%s'", key, allowed, value),
                    e);
        }
    }
}
