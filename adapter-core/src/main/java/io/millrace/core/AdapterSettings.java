package io.millrace.core;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What `adapters set` can change, with the documented defaults. {@link AdapterSetting} names the keys; rank, alpha and
 * target modules are fixed after an adapter's first round.
 *
 * @param lora shape of the adapter
 * @param learningRate empty: {@link BaseDescription#defaultLearningRate()}
 * @param warmupSteps steps in which the learning rate rises linearly to its value
 * @param clip largest gradient norm
 * @param roundMaxExamples a round closes at this many examples …
 * @param roundMaxTokens … or this many tokens …
 * @param roundMaxWait … or this long after its first example
 * @param microBatch sequences in one forward pass; a round's optimizer step takes this many examples
 * @param maxLength tokens of one sequence, prompt and completion together
 * @param versionEveryRounds a version is cut after this many rounds …
 * @param versionMaxAge … or this long after the last cut …
 * @param versionMaxIdle … or this long after the last round when nothing more waits
 * @param autoPromote whether a version that passes the gate becomes champion
 * @param warmupIdle after this long without a round the learning rate rises anew
 * @param averageDecay of a running average of the weights, which versions are then made of; 0: none
 * @param replay what is trained again
 * @param driftThreshold of the Page-Hinkley statistic, in standard deviations of the loss; 0: shifts aren't looked for
 * @param gate when a version becomes champion, and when it goes again
 */
public record AdapterSettings(
        LoraConfig lora,
        Optional<Double> learningRate,
        int warmupSteps,
        double clip,
        int roundMaxExamples,
        int roundMaxTokens,
        Duration roundMaxWait,
        int microBatch,
        int maxLength,
        int versionEveryRounds,
        Duration versionMaxAge,
        Duration versionMaxIdle,
        boolean autoPromote,
        Duration warmupIdle,
        double averageDecay,
        ReplaySettings replay,
        double driftThreshold,
        GateSettings gate) {

    private static final double MIN_USUAL_RATIO = 0.25;
    private static final double MAX_USUAL_RATIO = 4;
    private static final double MAX_USUAL_DROPOUT = 0.5;
    private static final double MIN_USUAL_RATE = 1e-5;
    private static final double MAX_USUAL_RATE = 2e-3;
    private static final double MIN_USUAL_DECAY = 0.9;
    private static final List<Integer> SERVABLE_RANKS = List.of(1, 8, 16, 32, 64, 128, 256, 320, 512);

    public static AdapterSettings defaults() {
        return new AdapterSettings(
                LoraConfig.defaults(),
                Optional.empty(),
                20,
                0.3,
                32,
                32 * 512,
                Duration.ofSeconds(5),
                8,
                512,
                10,
                Duration.ofMinutes(5),
                Duration.ofSeconds(10),
                true,
                Duration.ofHours(1),
                0.9,
                ReplaySettings.defaults(),
                20,
                GateSettings.defaults());
    }

    /**
     * Defaults with the given settings applied.
     *
     * @param explicit values by the keys of {@link AdapterSetting}
     * @throws MillraceException {@code bad_setting} for an unknown key or a value it doesn't take
     */
    public static AdapterSettings of(Map<String, String> explicit) {
        SettingsDraft draft = new SettingsDraft(defaults());
        explicit.forEach((key, value) -> AdapterSetting.of(key).set(draft, value));
        return draft.build();
    }

    /** @throws MillraceException {@code bad_setting} for an unknown key or a value it doesn't take */
    public AdapterSettings with(String key, String value) {
        SettingsDraft draft = new SettingsDraft(this);
        AdapterSetting.of(key).set(draft, value);
        return draft.build();
    }

    /** Every setting by its key, in the form that {@link #with} reads, in the order of {@link AdapterSetting}. */
    public Map<String, String> asMap() {
        Map<String, String> values = new LinkedHashMap<>();
        for (AdapterSetting setting : AdapterSetting.values()) {
            values.put(setting.key(), setting.valueIn(this));
        }
        return Collections.unmodifiableMap(values);
    }

    /** Whether a learning rate is one that people use. */
    public static boolean isUsualRate(double rate) {
        return rate >= MIN_USUAL_RATE && rate <= MAX_USUAL_RATE;
    }

    /** What is allowed but most likely not meant, each in one line that says what is usual. */
    public List<String> warnings() {
        List<String> warnings = new ArrayList<>();
        double ratio = lora.alpha() / lora.rank();
        if (!lora.rsLora() && (ratio < MIN_USUAL_RATIO || ratio > MAX_USUAL_RATIO)) {
            warnings.add("alpha / rank is " + SettingText.show(ratio) + "; usual are 0.25 to 4, most often 1 or 2");
        }
        if (!SERVABLE_RANKS.contains(lora.rank())) {
            warnings.add("rank " + lora.rank() + " can't be served by vLLM, which takes " + SERVABLE_RANKS);
        }
        if (lora.dropout() > MAX_USUAL_DROPOUT) {
            warnings.add(
                    "dropout " + SettingText.show(lora.dropout()) + " drops most of the signal; usual are 0 to 0.1");
        }
        learningRate
                .filter(lr -> !isUsualRate(lr))
                .ifPresent(lr -> warnings.add("lr " + SettingText.show(lr)
                        + " is unusual: 0.00001 to 0.001 for large bases, up to 0.002 below 0.5B"));
        if (microBatch > roundMaxExamples) {
            warnings.add("micro-batch " + microBatch + " never fills: a round has at most " + roundMaxExamples
                    + " examples (round.max-examples)");
        }
        if (roundMaxTokens < maxLength) {
            warnings.add("round.max-tokens " + roundMaxTokens + " is less than one sequence may have (max-length "
                    + maxLength + "): rounds may hold a single example");
        }
        if (averageDecay > 0 && averageDecay < MIN_USUAL_DECAY) {
            warnings.add("average " + SettingText.show(averageDecay) + " averages over "
                    + Math.round(1 / (1 - averageDecay)) + " steps; usual are 0.9 to 0.999");
        }
        if (replay.share() > replay.afterShift()) {
            warnings.add("replay " + SettingText.show(replay.share()) + " is more than after a shift, "
                    + SettingText.show(replay.afterShift()) + " (replay.after-shift)");
        }
        return List.copyOf(warnings);
    }
}
