package io.millrace.trainer.train;

import io.millrace.core.TrainingExample;
import io.millrace.engine.text.ExampleEncoder;
import io.millrace.engine.text.TrainingSequence;
import io.millrace.proto.internal.CuratedExample;
import java.util.function.Function;

/**
 * From a curated record to what the engine trains on. Deterministic.
 *
 * @param parser reads the producer's JSON
 */
public record Examples(Function<byte[], TrainingExample> parser, ExampleEncoder encoder) {

    public TrainingExample read(CuratedExample example) {
        return parser.apply(example.getRecord().toByteArray());
    }

    /** @throws io.millrace.core.MillraceException with the dead letter's code where no sequence can be made of it */
    public TrainingSequence sequence(CuratedExample example, int maxLength) {
        return encoder.encode(read(example), maxLength);
    }
}
