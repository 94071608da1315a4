package io.millrace.trainer.train;

import io.millrace.core.Digest;
import io.millrace.engine.text.TrainingSequence;
import io.millrace.engine.train.AdapterTrainer;
import io.millrace.engine.train.StepOptions;
import io.millrace.engine.train.StepResult;
import io.millrace.proto.internal.CuratedExample;
import io.millrace.proto.internal.ExampleRef;
import io.millrace.proto.internal.Hyperparameters;
import io.millrace.proto.internal.PlannedRecord;
import io.millrace.proto.internal.RoundPlanned;
import io.millrace.trainer.protocol.CrashPoint;
import io.millrace.trainer.protocol.Head;
import io.millrace.trainer.protocol.Seeds;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.function.BooleanSupplier;

/** Computes a round from its plan and the weights it starts from; nothing else goes in, so that it can be repeated. */
public final class Train {
    private final Examples examples;
    private final Archives archives;

    /**
     * What a round came to, the weights apart.
     *
     * @param losses before the update, of each fresh record in the plan's order
     */
    public record Measured(
            List<Double> losses, List<Double> stepLosses, List<Double> gradNorms, long tokens, long labelledTokens) {}

    /** Thrown out of a round that nobody waits for any more. */
    public static final class CancelledException extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    /** @param fresh index among the plan's fresh records, -1 for a replayed example */
    private record Row(TrainingSequence sequence, int fresh) {}

    public Train(Examples examples, Archives archives) {
        this.examples = examples;
        this.archives = archives;
    }

    /**
     * Moves the trainer by the plan's optimizer steps.
     *
     * @param stepsBefore optimizer steps that the adapter has taken
     * @throws io.millrace.core.MillraceException {@code non_finite}: the trainer may have moved by some steps
     * @throws CancelledException between steps
     */
    public Measured train(AdapterTrainer trainer, long stepsBefore, RoundPlanned plan, BooleanSupplier cancelled) {
        List<Row> rows = rows(plan);
        Collections.shuffle(rows, new Random(plan.getSeed()));
        Hyperparameters settings = plan.getHyperparameters();
        double[] losses = new double[Head.fresh(plan).size()];
        List<Double> stepLosses = new ArrayList<>();
        List<Double> gradNorms = new ArrayList<>();
        long labelled = 0;
        for (List<Row> batch : steps(rows, settings.getMicroBatch())) {
            if (cancelled.getAsBoolean()) {
                throw new CancelledException();
            }
            StepResult result = trainer.step(
                    batch.stream().map(Row::sequence).toList(), options(plan, stepsBefore + stepLosses.size()));
            for (int i = 0; i < batch.size(); i++) {
                if (batch.get(i).fresh() >= 0) {
                    losses[batch.get(i).fresh()] = result.sequenceLosses()[i];
                }
            }
            CrashPoint.MID_TRAIN.pass();
            stepLosses.add(result.loss());
            gradNorms.add(result.gradNorm());
            labelled += result.labelledTokens();
        }
        long tokens = rows.stream().mapToLong(r -> r.sequence().length()).sum();
        return new Measured(Arrays.stream(losses).boxed().toList(), stepLosses, gradNorms, tokens, labelled);
    }

    /** As few steps as the micro-batch allows, as equal as can be: a step of few rows would move the weights as far. */
    private static List<List<Row>> steps(List<Row> rows, int microBatch) {
        int count = -Math.floorDiv(-rows.size(), microBatch);
        List<List<Row>> steps = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            steps.add(rows.subList(i * rows.size() / count, (i + 1) * rows.size() / count));
        }
        return steps;
    }

    private static StepOptions options(RoundPlanned plan, long step) {
        Hyperparameters settings = plan.getHyperparameters();
        StepOptions options = new StepSchedule(
                        settings.getLearningRate(),
                        settings.getWarmupSteps(),
                        settings.getClip(),
                        settings.getMicroBatch(),
                        settings.getAverageDecay())
                .at(step - plan.getWarmupFromStep());
        return plan.getGenesis().getDropout() > 0
                ? options.withDropoutSeed(Seeds.ofStep(plan.getSeed(), step))
                : options;
    }

    private List<Row> rows(RoundPlanned plan) {
        int maxLength = plan.getHyperparameters().getMaxLength();
        List<Row> rows = new ArrayList<>();
        List<PlannedRecord> fresh = Head.fresh(plan);
        if (fresh.isEmpty()) {
            return rows;
        }
        List<CuratedExample> archive = archives.get(new Digest(plan.getArchiveSha256()));
        for (int i = 0; i < fresh.size(); i++) {
            rows.add(new Row(examples.sequence(archive.get(fresh.get(i).getArchiveIndex()), maxLength), i));
        }
        for (ExampleRef replayed : plan.getReplayedList()) {
            rows.add(new Row(examples.sequence(archives.get(replayed), maxLength), -1));
        }
        return rows;
    }
}
