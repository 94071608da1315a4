package io.millrace.trainer.publish;

import io.millrace.core.AdapterName;
import io.millrace.core.GateSettings;
import io.millrace.core.VersionId;
import io.millrace.proto.internal.Comparison;
import io.millrace.proto.internal.RegistryRecord;
import io.millrace.proto.internal.RollbackChampion;
import io.millrace.registry.AdapterEntry;
import io.millrace.registry.RegistryView;
import io.millrace.trainer.observe.Reward;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

/**
 * Says when a champion goes again: its online rewards, or its losses on the reference set, are surely worse than those of
 * the version that a rollback would bring back. The rollback is compare-and-set and holds automatic promotion; while that
 * is on hold, or switched off, nothing is rolled back. Safe for many threads.
 */
public final class ChampionGuard {
    /** Each of the two needs this many scores. */
    static final int MIN_SCORES = 30;

    /** A score's variance is taken to be at least this: a few equal scores are no certainty. */
    private static final double LEAST_VARIANCE = 0.01;

    private final Function<String, Optional<Reward>> rewards;
    private final Map<AdapterName, OnReference> onReference = new ConcurrentHashMap<>();

    private record OnReference(VersionId champion, VersionId previous, Comparison comparison) {}

    /** @param rewards by scope, {@code ns/name@<40 hex>} */
    public ChampionGuard(Function<String, Optional<Reward>> rewards) {
        this.rewards = rewards;
    }

    /** The champion in the place of the candidate, its predecessor in that of the champion. */
    void measured(AdapterName adapter, VersionId champion, VersionId previous, Comparison comparison) {
        onReference.put(adapter, new OnReference(champion, previous, comparison));
    }

    /** The command that brings the earlier champion back, where the present one has fallen behind it. */
    public Optional<RegistryRecord> due(RegistryView registry, AdapterName name, String actor) {
        return registry.adapter(name)
                .flatMap(adapter -> registry.previousChampion(name).flatMap(previous -> due(adapter, previous, actor)));
    }

    private Optional<RegistryRecord> due(AdapterEntry adapter, VersionId previous, String actor) {
        if (adapter.hold()
                || !adapter.settings().autoPromote()
                || adapter.champion().isEmpty()) {
            return Optional.empty();
        }
        VersionId champion = adapter.champion().get();
        return fallenOnReference(adapter, champion, previous)
                .or(() -> fallenRewards(adapter, champion, previous))
                .map(reason -> RegistryRecord.newBuilder()
                        .setCommandId("rollback:" + champion.hex() + ":" + previous.hex())
                        .setFoldVersion(1)
                        .setActor(actor)
                        .setRollbackChampion(RollbackChampion.newBuilder()
                                .setAdapter(adapter.name().toString())
                                .setExpectedVersionId(champion.hex())
                                .setReason(reason))
                        .build());
    }

    private Optional<String> fallenOnReference(AdapterEntry adapter, VersionId champion, VersionId previous) {
        if (!adapter.settings().gate().rollbackReference()) {
            return Optional.empty();
        }
        return Optional.ofNullable(onReference.get(adapter.name()))
                .filter(m -> m.champion().equals(champion) && m.previous().equals(previous))
                .filter(m -> m.comparison().getVerdict().equals(Gate.FAILS))
                .map(m -> "worse than the champion before it on the " + Gate.words(m.comparison()));
    }

    private Optional<String> fallenRewards(AdapterEntry adapter, VersionId champion, VersionId previous) {
        GateSettings settings = adapter.settings().gate();
        Optional<Reward> now = rewards.apply(adapter.name() + "@" + champion.hex());
        Optional<Reward> before = rewards.apply(adapter.name() + "@" + previous.hex());
        if (settings.rewardDrop().isEmpty()
                || now.filter(ChampionGuard::judges).isEmpty()
                || before.filter(ChampionGuard::judges).isEmpty()) {
            return Optional.empty();
        }
        double sure = worse(now.get(), before.get(), settings.rewardDrop().getAsDouble());
        return sure < settings.confidence()
                ? Optional.empty()
                : Optional.of(String.format(
                        Locale.ROOT,
                        "online rewards fell from %.3f (%d scores) to %.3f (%d scores): by more than %.3f with"
                                + " confidence %.3f",
                        before.get().mean(),
                        before.get().scores(),
                        now.get().mean(),
                        now.get().scores(),
                        settings.rewardDrop().getAsDouble(),
                        sure));
    }

    private static boolean judges(Reward reward) {
        return reward.scores() >= MIN_SCORES;
    }

    /** Probability that the mean has fallen by more than the drop: Welch's test in its normal approximation. */
    private static double worse(Reward now, Reward before, double drop) {
        double error = Math.sqrt(Math.max(LEAST_VARIANCE, now.variance()) / now.scores()
                + Math.max(LEAST_VARIANCE, before.variance()) / before.scores());
        return normal((before.mean() - now.mean() - drop) / error);
    }

    /** Distribution function of the standard normal to 1e-7 (Abramowitz and Stegun 26.2.17). */
    private static double normal(double z) {
        double t = 1 / (1 + 0.2316419 * Math.abs(z));
        double tail = Math.exp(-z * z / 2)
                / Math.sqrt(2 * Math.PI)
                * t
                * (0.319381530 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
        return z > 0 ? 1 - tail : tail;
    }
}
