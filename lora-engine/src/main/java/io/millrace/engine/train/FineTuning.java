package io.millrace.engine.train;

import io.millrace.core.AdapterWeights;
import io.millrace.core.ErrorCode;
import io.millrace.core.LoraConfig;
import io.millrace.core.MillraceException;
import io.millrace.engine.text.TrainingSequence;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/**
 * Trains one adapter on a fixed set of sequences, pass after pass, and keeps the weights that knew the held-out ones best.
 * The same sequences, options and seed give the same weights.
 */
public final class FineTuning {
    private static final int MOST_WARMUP_STEPS = 20;

    private final TrainingModel model;
    private final LoraConfig lora;
    private final Options options;
    private final Listener listener;

    /**
     * How to train.
     *
     * @param epochs passes over the training sequences, at most
     * @param batch sequences of one step
     * @param shape of the learning rate after the warm-up, over all epochs
     * @param learningRate its peak
     * @param warmupSteps empty: a tenth of all steps, 20 at most
     * @param clip largest norm of a step's gradient
     * @param patience training ends after that many epochs without a lower held-out loss
     * @param seed of the first weights, the orders and dropout
     */
    public record Options(
            int epochs,
            int batch,
            LearningRateSchedule.Shape shape,
            double learningRate,
            Optional<Integer> warmupSteps,
            double clip,
            int patience,
            long seed) {

        public Options {
            if (epochs < 1 || batch < 1 || patience < 1) {
                throw new MillraceException(
                        ErrorCode.BAD_SETTING,
                        "epochs, batch and patience must be at least 1, not " + epochs + ", " + batch + " and "
                                + patience);
            }
        }
    }

    /** Hears how training goes. */
    public interface Listener {
        /** @param steps of all epochs */
        void stepped(long step, long steps, StepResult result);

        void passed(Epoch epoch);
    }

    /**
     * One pass.
     *
     * @param number from 1
     * @param trainingLoss mean of its steps' losses, each before its update
     * @param heldOut after the pass; empty where nothing is held out
     * @param best whether no pass before had as low a held-out loss
     */
    public record Epoch(int number, double trainingLoss, Optional<Evaluation> heldOut, boolean best) {}

    /**
     * What came of it.
     *
     * @param weights of the best epoch, or of the last where nothing is held out
     * @param epochs all that were trained
     */
    public record Result(AdapterWeights weights, List<Epoch> epochs, long steps) {
        /** The one whose weights these are. */
        public Epoch best() {
            return epochs.stream()
                    .filter(Epoch::best)
                    .reduce((earlier, later) -> later)
                    .orElseThrow();
        }
    }

    public FineTuning(TrainingModel model, LoraConfig lora, Options options, Listener listener) {
        this.model = model;
        this.lora = lora;
        this.options = options;
        this.listener = listener;
    }

    /**
     * @param training at least one
     * @param heldOut may be empty
     * @throws MillraceException {@code non_finite} where a step's loss or gradient isn't finite, {@code bad_setting} where
     *     the learning rate's schedule doesn't fit the number of steps
     */
    public Result run(List<TrainingSequence> training, List<TrainingSequence> heldOut) {
        long perEpoch = (training.size() + options.batch() - 1L) / options.batch();
        long steps = perEpoch * options.epochs();
        LearningRateSchedule schedule = schedule(steps);
        List<Epoch> epochs = new ArrayList<>();
        try (AdapterTrainer trainer = model.create(lora, options.seed())) {
            AdapterWeights best = null;
            double lowest = Double.POSITIVE_INFINITY;
            int worse = 0;
            while (epochs.size() < options.epochs() && worse < options.patience()) {
                double loss =
                        pass(trainer, shuffled(training, epochs.size()), epochs.size() * perEpoch, steps, schedule);
                Optional<Evaluation> evaluation = evaluate(trainer, heldOut);
                double now = evaluation.map(Evaluation::loss).orElse(Double.NEGATIVE_INFINITY);
                boolean better = evaluation.isEmpty() || now < lowest;
                if (better) {
                    best = trainer.weights();
                    lowest = now;
                    worse = 0;
                } else {
                    worse++;
                }
                Epoch epoch = new Epoch(epochs.size() + 1, loss, evaluation, better);
                epochs.add(epoch);
                listener.passed(epoch);
            }
            return new Result(best, List.copyOf(epochs), epochs.size() * perEpoch);
        }
    }

    private LearningRateSchedule schedule(long steps) {
        long warmup =
                options.warmupSteps().map(Integer::longValue).orElseGet(() -> Math.min(MOST_WARMUP_STEPS, steps / 10));
        return new LearningRateSchedule(options.shape(), options.learningRate(), warmup, steps);
    }

    private List<TrainingSequence> shuffled(List<TrainingSequence> training, int epoch) {
        List<TrainingSequence> order = new ArrayList<>(training);
        Collections.shuffle(order, new Random(SplitMix.mix(options.seed(), epoch)));
        return order;
    }

    private double pass(
            AdapterTrainer trainer,
            List<TrainingSequence> order,
            long stepsBefore,
            long steps,
            LearningRateSchedule schedule) {
        double sum = 0;
        int taken = 0;
        for (int from = 0; from < order.size(); from += options.batch()) {
            long step = stepsBefore + taken;
            StepOptions stepOptions = StepOptions.of(schedule.at(step), options.batch())
                    .withClip(options.clip())
                    .withDropoutSeed(SplitMix.mix(options.seed(), -1 - step));
            StepResult result =
                    trainer.step(order.subList(from, Math.min(order.size(), from + options.batch())), stepOptions);
            sum += result.loss();
            taken++;
            listener.stepped(step + 1, steps, result);
        }
        return sum / taken;
    }

    private Optional<Evaluation> evaluate(AdapterTrainer trainer, List<TrainingSequence> heldOut) {
        return heldOut.isEmpty()
                ? Optional.empty()
                : Optional.of(Evaluation.of(trainer.scores(heldOut, options.batch())));
    }
}
