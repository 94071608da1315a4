package io.millrace.trainer.publish;

import io.millrace.core.AdapterName;
import io.millrace.core.AdapterSettings;
import io.millrace.core.AdapterWeights;
import io.millrace.core.VersionId;
import io.millrace.engine.train.AdapterTrainer;
import io.millrace.engine.train.TrainingModel;
import io.millrace.proto.internal.Evaluation;
import io.millrace.proto.internal.Promotion;
import io.millrace.proto.internal.RoundSummary;
import io.millrace.registry.AdapterEntry;
import io.millrace.registry.RegistryView;
import io.millrace.registry.VersionEntry;
import io.millrace.trainer.protocol.AdapterFold;
import io.millrace.trainer.publish.HeldOutLosses.Item;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;

/**
 * The gate: a candidate becomes champion unless its loss on the rolling held-out set is above the champion's. Too few
 * held-out examples can't judge, so they pass, and the reason says so.
 */
final class Check {
    private static final String BASE = "base";

    private final TrainingModel model;
    private final HeldOutLosses losses;
    private final Function<VersionEntry, AdapterWeights> versions;
    private final int minHeldOut;

    /** What the gate says, with its numbers. */
    record Verdict(Evaluation evaluation, Promotion promotion) {}

    /** @param versions reads a version's weights from the store */
    Check(TrainingModel model, HeldOutLosses losses, Function<VersionEntry, AdapterWeights> versions, int minHeldOut) {
        this.model = model;
        this.losses = losses;
        this.versions = versions;
        this.minHeldOut = minHeldOut;
    }

    Verdict check(
            AdapterName adapter,
            AdapterFold fold,
            AdapterSettings settings,
            AdapterTrainer candidate,
            RegistryView registry) {
        int batch = settings.microBatch();
        List<Item> items = losses.items(fold.head().state().getHeldOutList(), settings.maxLength());
        double loss = losses.mean(adapter, candidateName(fold), items, s -> candidate.losses(s, batch));
        double baseLoss = losses.mean(adapter, BASE, items, s -> model.baseLosses(s, batch));
        Optional<VersionEntry> champion =
                registry.adapter(adapter).flatMap(AdapterEntry::champion).flatMap(id -> registry.version(adapter, id));
        double championLoss = champion.map(
                        version -> losses.mean(adapter, version.id().hex(), items, s -> {
                            try (AdapterTrainer trainer = model.resume(versions.apply(version))) {
                                return trainer.losses(s, batch);
                            }
                        }))
                .orElse(Double.NaN);
        Evaluation evaluation = Evaluation.newBuilder()
                .setHeldoutExamples(items.size())
                .setHeldoutLoss(loss)
                .setHeldoutLossChampion(championLoss)
                .setHeldoutLossBase(baseLoss)
                .setHasChampion(champion.isPresent())
                .setTrainLoss(trainLoss(fold))
                .build();
        return new Verdict(evaluation, promotion(settings, champion.map(VersionEntry::id), evaluation));
    }

    /** What was measured of the candidate is known of the version that it became. */
    void became(AdapterName adapter, AdapterFold fold, VersionId version) {
        losses.rename(adapter, candidateName(fold), version.hex());
    }

    private static String candidateName(AdapterFold fold) {
        return "candidate " + fold.head().state().getStateSha256();
    }

    private Promotion promotion(AdapterSettings settings, Optional<VersionId> champion, Evaluation evaluation) {
        Promotion.Builder promotion = Promotion.newBuilder()
                .setExpectedChampion(champion.map(VersionId::hex).orElse(""));
        if (!settings.autoPromote()) {
            return promotion.setReason("automatic promotion is switched off").build();
        }
        if (champion.isEmpty()) {
            return promotion.setPromote(true).setReason("first version").build();
        }
        if (evaluation.getHeldoutExamples() < minHeldOut) {
            return promotion
                    .setPromote(true)
                    .setReason("only " + evaluation.getHeldoutExamples() + " of " + minHeldOut
                            + " held-out examples: too few to judge, passes")
                    .build();
        }
        boolean passes = evaluation.getHeldoutLoss() <= evaluation.getHeldoutLossChampion();
        return promotion
                .setPromote(passes)
                .setReason(String.format(
                        Locale.ROOT,
                        "held-out loss %.4f %s the champion's %.4f on %d examples",
                        evaluation.getHeldoutLoss(),
                        passes ? "isn't above" : "is above",
                        evaluation.getHeldoutLossChampion(),
                        evaluation.getHeldoutExamples()))
                .build();
    }

    private static double trainLoss(AdapterFold fold) {
        long examples =
                fold.sinceCut().stream().mapToLong(RoundSummary::getExamples).sum();
        double sum =
                fold.sinceCut().stream().mapToDouble(RoundSummary::getLossSum).sum();
        return examples == 0 ? Double.NaN : sum / examples;
    }
}
