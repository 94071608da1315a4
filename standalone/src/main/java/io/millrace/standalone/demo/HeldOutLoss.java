package io.millrace.standalone.demo;

import io.millrace.core.AdapterWeights;
import io.millrace.core.BaseDescription;
import io.millrace.core.TrainingExample;
import io.millrace.engine.DType;
import io.millrace.engine.base.Base;
import io.millrace.engine.text.CompletionEncoder;
import io.millrace.engine.text.TrainingSequence;
import io.millrace.engine.torch.ComputeThread;
import io.millrace.engine.torch.TorchRuntime;
import io.millrace.engine.train.AdapterTrainer;
import io.millrace.engine.train.TrainingModel;
import io.millrace.engine.train.TrainingModels;
import java.util.List;

/** The loss on examples that nobody trains on, measured apart from the system under test. */
final class HeldOutLoss implements AutoCloseable {
    private static final int MICRO_BATCH = 8;
    private static final int MAX_LENGTH = 512;

    private final Base base;
    private final CompletionEncoder encoder;
    private final TrainingModel model;

    /** @param base closed with this */
    HeldOutLoss(Base base, String device, int threads, DType dtype) {
        this.base = base;
        BaseDescription description = base.description();
        this.encoder = new CompletionEncoder(base.tokenizer(), base.chatTemplate(), description.eosTokenIds());
        this.model = TrainingModels.load(TorchRuntime.start(device, threads), base, dtype);
    }

    BaseDescription base() {
        return base.description();
    }

    /** Mean over the completions' tokens under the base alone, in nats. */
    double ofBase(List<TrainingExample> examples) {
        List<TrainingSequence> sequences = encode(examples);
        return mean(sequences, ComputeThread.call(() -> model.baseLosses(sequences, MICRO_BATCH)));
    }

    /** Mean over the completions' tokens with the adapter, in nats. */
    double with(AdapterWeights weights, List<TrainingExample> examples) {
        List<TrainingSequence> sequences = encode(examples);
        try (AdapterTrainer adapter = model.resume(weights)) {
            return mean(sequences, ComputeThread.call(() -> adapter.losses(sequences, MICRO_BATCH)));
        }
    }

    @Override
    public void close() {
        model.close();
        base.close();
    }

    private List<TrainingSequence> encode(List<TrainingExample> examples) {
        return examples.stream().map(e -> encoder.encode(e, MAX_LENGTH)).toList();
    }

    private static double mean(List<TrainingSequence> sequences, double[] losses) {
        double sum = 0;
        long tokens = 0;
        for (int i = 0; i < losses.length; i++) {
            int labelled = sequences.get(i).labelledTokens();
            sum += losses[i] * labelled;
            tokens += labelled;
        }
        return sum / tokens;
    }
}
