package io.millrace.trainer;

import io.millrace.core.AdapterWeights;
import io.millrace.core.Digest;
import io.millrace.engine.text.TrainingSequence;
import io.millrace.engine.train.AdapterState;
import io.millrace.engine.train.AdapterTrainer;
import io.millrace.engine.train.SequenceScore;
import java.util.List;
import java.util.Optional;

/** All of a real trainer but its steps, which a test watches or spoils. */
public interface ForwardingTrainer extends AdapterTrainer {
    AdapterTrainer trainer();

    @Override
    default double[] losses(List<TrainingSequence> sequences, int microBatch) {
        return trainer().losses(sequences, microBatch);
    }

    @Override
    default List<SequenceScore> scores(List<TrainingSequence> sequences, int microBatch) {
        return trainer().scores(sequences, microBatch);
    }

    @Override
    default AdapterState state() {
        return trainer().state();
    }

    @Override
    default Digest stateDigest() {
        return trainer().stateDigest();
    }

    @Override
    default long steps() {
        return trainer().steps();
    }

    @Override
    default AdapterWeights weights() {
        return trainer().weights();
    }

    @Override
    default Optional<AdapterWeights> average() {
        return trainer().average();
    }

    @Override
    default void close() {
        trainer().close();
    }
}
