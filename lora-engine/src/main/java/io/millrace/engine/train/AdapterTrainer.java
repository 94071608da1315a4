package io.millrace.engine.train;

import io.millrace.core.AdapterWeights;
import io.millrace.core.Digest;
import io.millrace.engine.text.TrainingSequence;
import java.util.List;
import java.util.Optional;

/** One adapter on the device while it trains. Not safe for use by many threads. Closing frees device memory. */
public interface AdapterTrainer extends AutoCloseable {

    /**
     * Forward, backward and one AdamW update over the sequences: sum of the weighted losses of their labelled tokens,
     * divided once by the weighted number of those tokens.
     *
     * @throws io.millrace.core.MillraceException {@code non_finite} where loss or gradient isn't finite; the adapter is
     *     then unchanged
     */
    StepResult step(List<TrainingSequence> sequences, StepOptions options);

    /** Mean negative log-likelihood of each sequence's labelled tokens under the current adapter, without dropout. */
    double[] losses(List<TrainingSequence> sequences, int microBatch);

    /** As {@link #losses}, with how many tokens greedy decoding would get right. */
    List<SequenceScore> scores(List<TrainingSequence> sequences, int microBatch);

    /** The current state, copied off the device. Deterministic: the same steps give the same bytes. */
    AdapterState state();

    /** What {@link AdapterState#digest} says of the current state, without the copy. */
    Digest stateDigest();

    /** Optimizer steps taken. */
    long steps();

    /** The current weights alone. */
    AdapterWeights weights();

    /** The running average of the weights; empty where the last step kept none. Part of {@link #state()}. */
    Optional<AdapterWeights> average();

    /** What a version is made of: the average where one is kept, else the weights. */
    default AdapterWeights published() {
        return average().orElseGet(this::weights);
    }

    @Override
    void close();
}
