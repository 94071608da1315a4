package io.millrace.trainer.publish;

import io.millrace.core.AdapterName;
import io.millrace.core.AdapterSettings;
import io.millrace.core.AdapterWeights;
import io.millrace.core.VersionId;
import io.millrace.engine.text.TrainingSequence;
import io.millrace.engine.train.AdapterTrainer;
import io.millrace.engine.train.TrainingModel;
import io.millrace.proto.internal.Comparison;
import io.millrace.proto.internal.Evaluation;
import io.millrace.proto.internal.ExampleRef;
import io.millrace.proto.internal.HeadState;
import io.millrace.proto.internal.Promotion;
import io.millrace.proto.internal.RoundSummary;
import io.millrace.registry.AdapterEntry;
import io.millrace.registry.RegistryView;
import io.millrace.registry.VersionEntry;
import io.millrace.trainer.protocol.AdapterFold;
import io.millrace.trainer.protocol.Seeds;
import io.millrace.trainer.publish.HeldOutLosses.Item;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Measures a candidate, the champion and the base on the adapter's rolling and reference sets, and asks the
 * {@link Gate}. The champion's losses are measured once an example.
 */
final class Check {
    private static final String BASE = "base";

    private final TrainingModel model;
    private final String baseId;
    private final HeldOutLosses losses;
    private final Function<VersionEntry, AdapterWeights> versions;
    private final ChampionGuard guard;
    private final int minHeldOut;

    /** What the gate says, with its numbers. */
    record Verdict(Evaluation evaluation, Promotion promotion) {}

    /** @param versions reads a version's weights from the store */
    Check(
            TrainingModel model,
            String baseId,
            HeldOutLosses losses,
            Function<VersionEntry, AdapterWeights> versions,
            ChampionGuard guard,
            int minHeldOut) {
        this.model = model;
        this.baseId = baseId;
        this.losses = losses;
        this.versions = versions;
        this.guard = guard;
        this.minHeldOut = minHeldOut;
    }

    Verdict check(
            AdapterName adapter,
            AdapterFold fold,
            AdapterSettings settings,
            AdapterTrainer candidate,
            RegistryView registry) {
        int batch = settings.microBatch();
        HeadState head = fold.head().state();
        Set<ExampleRef> wanted = new LinkedHashSet<>(head.getReferenceList());
        wanted.addAll(head.getHeldOutList());
        List<Item> items = losses.items(wanted, settings.maxLength());
        Map<ExampleRef, Double> own = losses.of(adapter, candidateName(fold), items, s -> candidate.losses(s, batch));
        Map<ExampleRef, Double> base = losses.of(adapter, BASE, items, s -> model.baseLosses(s, batch));
        Optional<VersionEntry> named =
                registry.adapter(adapter).flatMap(AdapterEntry::champion).flatMap(id -> registry.version(adapter, id));
        // One of another base, which somebody promoted, can't be measured here.
        Optional<VersionEntry> champion = named.filter(this::ofThisBase);
        Optional<Map<ExampleRef, Double>> champions = champion.map(
                version -> losses.of(adapter, version.id().hex(), items, s -> ofVersion(version, s, batch)));
        Set<ExampleRef> rolling = known(head.getHeldOutList(), items);
        Evaluation.Builder evaluation = Evaluation.newBuilder()
                .setHeldoutExamples(rolling.size())
                .setHeldoutLoss(mean(rolling, own))
                .setHeldoutLossChampion(champions.map(c -> mean(rolling, c)).orElse(Double.NaN))
                .setHeldoutLossBase(mean(rolling, base))
                .setHasChampion(champion.isPresent())
                .setTrainLoss(trainLoss(fold));
        Promotion.Builder promotion = Promotion.newBuilder()
                .setExpectedChampion(champion.map(v -> v.id().hex()).orElse(""));
        if (champions.isPresent()) {
            long seed = Seeds.ofGate(fold.head().stateDigest());
            Set<ExampleRef> reference = known(head.getReferenceList(), items);
            Gate.Decision decision = new Gate(settings.gate(), minHeldOut, seed)
                    .decide(pairs(rolling, own, champions.get()), pairs(reference, own, champions.get()));
            evaluation
                    .addAllComparisons(decision.comparisons())
                    .setConfidence(settings.gate().confidence())
                    .setResamples(Bootstrap.RESAMPLES)
                    .setSeed(seed);
            promotion.setPromote(decision.promote()).setReason(decision.reason());
            if (fallen(adapter, fold, settings, registry, champions.get(), items)) {
                promotion
                        .setPromote(false)
                        .setReason(
                                "it was compared with a champion that is worse than the one before it on the reference"
                                        + " set and is rolled back");
            }
        } else if (named.isPresent()) {
            promotion.setPromote(false).setReason("the champion is for another base: not compared");
        } else {
            promotion.setPromote(true).setReason("first version");
        }
        if (!settings.autoPromote()) {
            promotion
                    .setReason("automatic promotion is switched off; the gate "
                            + (promotion.getPromote() ? "passes" : "refuses") + ": " + promotion.getReason())
                    .setPromote(false);
        }
        return new Verdict(evaluation.build(), promotion.build());
    }

    /** Whether the champion does worse on the reference set than the one before it, and so is rolled back. */
    private boolean fallen(
            AdapterName adapter,
            AdapterFold fold,
            AdapterSettings settings,
            RegistryView registry,
            Map<ExampleRef, Double> champion,
            List<Item> items) {
        AdapterEntry entry = registry.adapter(adapter).orElseThrow();
        Optional<VersionEntry> previous = registry.previousChampion(adapter)
                .flatMap(id -> registry.version(adapter, id))
                .filter(this::ofThisBase);
        Set<ExampleRef> reference = known(fold.head().state().getReferenceList(), items);
        if (!settings.gate().rollbackReference()
                || previous.isEmpty()
                || reference.size() < minHeldOut
                || entry.hold()) {
            return false;
        }
        List<Item> asked =
                items.stream().filter(i -> reference.contains(i.reference())).toList();
        Map<ExampleRef, Double> earlier = losses.of(
                adapter, previous.get().id().hex(), asked, s -> ofVersion(previous.get(), s, settings.microBatch()));
        Comparison comparison = new Gate(
                        settings.gate(), minHeldOut, Seeds.ofGate(fold.head().stateDigest()))
                .onReference(pairs(reference, champion, earlier));
        guard.measured(adapter, entry.champion().orElseThrow(), previous.get().id(), comparison);
        return comparison.getVerdict().equals(Gate.FAILS);
    }

    private boolean ofThisBase(VersionEntry version) {
        return version.baseId().equals(baseId);
    }

    private double[] ofVersion(VersionEntry version, List<TrainingSequence> sequences, int batch) {
        try (AdapterTrainer trainer = model.resume(versions.apply(version))) {
            return trainer.losses(sequences, batch);
        }
    }

    /** Those of a set that could be measured with. */
    private static Set<ExampleRef> known(List<ExampleRef> set, List<Item> items) {
        Set<ExampleRef> measured = items.stream().map(Item::reference).collect(Collectors.toSet());
        return set.stream().filter(measured::contains).collect(Collectors.toCollection(LinkedHashSet::new));
    }

    private static Gate.Pairs pairs(
            Set<ExampleRef> set, Map<ExampleRef, Double> candidate, Map<ExampleRef, Double> champion) {
        return new Gate.Pairs(
                set.stream().mapToDouble(candidate::get).toArray(),
                set.stream().mapToDouble(champion::get).toArray());
    }

    private static double mean(Set<ExampleRef> set, Map<ExampleRef, Double> losses) {
        return set.stream().mapToDouble(losses::get).average().orElse(Double.NaN);
    }

    /** What was measured of the candidate is known of the version that it became. */
    void became(AdapterName adapter, AdapterFold fold, VersionId version) {
        losses.rename(adapter, candidateName(fold), version.hex());
    }

    private static String candidateName(AdapterFold fold) {
        return "candidate " + fold.head().state().getStateSha256();
    }

    private static double trainLoss(AdapterFold fold) {
        long examples =
                fold.sinceCut().stream().mapToLong(RoundSummary::getExamples).sum();
        double sum =
                fold.sinceCut().stream().mapToDouble(RoundSummary::getLossSum).sum();
        return examples == 0 ? Double.NaN : sum / examples;
    }
}
