package io.millrace.trainer.train;

import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
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

    /** @throws MillraceException {@code forgotten} where its text was erased */
    public TrainingExample read(CuratedExample example) {
        if (example.getForgotten()) {
            throw new MillraceException(
                    ErrorCode.FORGOTTEN,
                    "the example '" + example.getExampleId() + "' was forgotten: its text is erased");
        }
        return parser.apply(example.getRecord().toByteArray());
    }

    /** @throws io.millrace.core.MillraceException with the dead letter's code where no sequence can be made of it */
    public TrainingSequence sequence(CuratedExample example, int maxLength) {
        return encoder.encode(read(example), maxLength);
    }
}
