package io.millrace.trainer.job;

import io.millrace.core.AdapterWeights;
import io.millrace.core.Digest;
import io.millrace.core.LoraConfig;
import io.millrace.engine.text.TrainingSequence;
import io.millrace.engine.train.AdapterState;
import io.millrace.engine.train.AdapterTrainer;
import io.millrace.engine.train.SequenceScore;
import io.millrace.engine.train.StepOptions;
import io.millrace.engine.train.StepResult;
import io.millrace.engine.train.TrainingModel;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/** A model that is used by live training and by jobs: whoever wants to compute waits for a turn. */
record TurnTakingModel(TrainingModel model, Turn turn) implements TrainingModel {

    /** Runs a step when it may. */
    interface Turn {
        <T> T take(Supplier<T> step);
    }

    @Override
    public AdapterTrainer create(LoraConfig config, long seed) {
        return turn.take(() -> new TurnTakingTrainer(model.create(config, seed), turn));
    }

    @Override
    public AdapterTrainer resume(AdapterState state) {
        return turn.take(() -> new TurnTakingTrainer(model.resume(state), turn));
    }

    @Override
    public AdapterTrainer resume(AdapterWeights weights) {
        return turn.take(() -> new TurnTakingTrainer(model.resume(weights), turn));
    }

    @Override
    public double[] baseLosses(List<TrainingSequence> sequences, int microBatch) {
        return turn.take(() -> model.baseLosses(sequences, microBatch));
    }

    @Override
    public String fingerprint() {
        return model.fingerprint();
    }

    /** The model belongs to others too. */
    @Override
    public void close() {}

    private record TurnTakingTrainer(AdapterTrainer trainer, Turn turn) implements AdapterTrainer {
        @Override
        public StepResult step(List<TrainingSequence> sequences, StepOptions options) {
            return turn.take(() -> trainer.step(sequences, options));
        }

        @Override
        public double[] losses(List<TrainingSequence> sequences, int microBatch) {
            return turn.take(() -> trainer.losses(sequences, microBatch));
        }

        @Override
        public List<SequenceScore> scores(List<TrainingSequence> sequences, int microBatch) {
            return turn.take(() -> trainer.scores(sequences, microBatch));
        }

        @Override
        public AdapterState state() {
            return turn.take(trainer::state);
        }

        @Override
        public Digest stateDigest() {
            return turn.take(trainer::stateDigest);
        }

        @Override
        public long steps() {
            return trainer.steps();
        }

        @Override
        public AdapterWeights weights() {
            return turn.take(trainer::weights);
        }

        @Override
        public Optional<AdapterWeights> average() {
            return turn.take(trainer::average);
        }

        @Override
        public void close() {
            trainer.close();
        }
    }
}
