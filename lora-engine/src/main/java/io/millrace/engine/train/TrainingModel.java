package io.millrace.engine.train;

import io.millrace.core.AdapterWeights;
import io.millrace.core.LoraConfig;
import io.millrace.engine.text.TrainingSequence;
import java.util.List;

/** A base on the device, ready to train adapters, one step of one adapter at a time. */
public interface TrainingModel extends AutoCloseable {

    /** A new adapter: A Kaiming uniform with a = sqrt(5) from the seed, B zero. */
    AdapterTrainer create(LoraConfig config, long seed);

    /** An adapter that goes on from a state. @throws io.millrace.core.MillraceException where shapes don't fit */
    AdapterTrainer resume(AdapterState state);

    /** An adapter that starts from these weights with a fresh optimizer. */
    AdapterTrainer resume(AdapterWeights weights);

    /** Mean negative log-likelihood of each sequence's labelled tokens under the base alone. */
    double[] baseLosses(List<TrainingSequence> sequences, int microBatch);

    /** What the bits of a step depend on beside the data: engine version, device, instruction set, dtype. */
    String fingerprint();

    @Override
    void close();
}
