package io.millrace.trainer;

import static org.awaitility.Awaitility.await;

import io.millrace.core.AdapterWeights;
import io.millrace.core.ErrorCode;
import io.millrace.core.LoraConfig;
import io.millrace.core.MillraceException;
import io.millrace.engine.text.TrainingSequence;
import io.millrace.engine.train.AdapterState;
import io.millrace.engine.train.AdapterTrainer;
import io.millrace.engine.train.StepOptions;
import io.millrace.engine.train.StepResult;
import io.millrace.engine.train.TrainingModel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The real model, but for steps that hold an example of some weights: those fail, end the process, or take long.
 *
 * @param stuck as long as this file is there, steps with an example of the weight {@link #STUCK} don't end
 */
record PoisonedModel(TrainingModel model, Path stuck) implements TrainingModel {
    static final double STUCK = 555;
    static final double NON_FINITE = 666;
    static final double BROKEN = 777;
    static final double DEADLY = 888;

    /** What the process ends with that trains such an example, as when the native library aborts. */
    static final int DEADLY_EXIT = 99;

    @Override
    public AdapterTrainer create(LoraConfig config, long seed) {
        return new Poisoned(model.create(config, seed), stuck);
    }

    @Override
    public AdapterTrainer resume(AdapterState state) {
        return new Poisoned(model.resume(state), stuck);
    }

    @Override
    public AdapterTrainer resume(AdapterWeights weights) {
        return new Poisoned(model.resume(weights), stuck);
    }

    @Override
    public double[] baseLosses(List<TrainingSequence> sequences, int microBatch) {
        return model.baseLosses(sequences, microBatch);
    }

    @Override
    public String fingerprint() {
        return model.fingerprint();
    }

    @Override
    public void close() {
        model.close();
    }

    private record Poisoned(AdapterTrainer trainer, Path stuck) implements ForwardingTrainer {
        @Override
        public StepResult step(List<TrainingSequence> sequences, StepOptions options) {
            if (any(sequences, STUCK)) {
                await().forever().until(() -> !Files.exists(stuck));
            }
            if (any(sequences, NON_FINITE)) {
                throw new MillraceException(ErrorCode.NON_FINITE, "the loss isn't finite");
            }
            if (any(sequences, DEADLY)) {
                Runtime.getRuntime().halt(DEADLY_EXIT);
            }
            if (any(sequences, BROKEN)) {
                throw new IllegalStateException("the library failed");
            }
            return trainer.step(sequences, options);
        }

        private static boolean any(List<TrainingSequence> sequences, double weight) {
            return sequences.stream().anyMatch(s -> s.weight() == weight);
        }
    }
}
