package io.millrace.trainer.curate;

import io.millrace.core.ErrorCode;
import io.millrace.proto.internal.CuratedExample;
import io.millrace.proto.internal.InputRecord;
import io.millrace.trainer.outcome.DeadLetter;
import io.millrace.trainer.outcome.Outcome;
import java.util.Optional;

/** What a curating step makes of a record. */
sealed interface Verdict {

    /** It goes on. */
    record Accepted(CuratedExample example) implements Verdict {}

    /** The same example was seen before. */
    record Duplicate(CuratedExample example) implements Verdict {
        Outcome outcome() {
            return Outcome.duplicate(example);
        }
    }

    /**
     * It becomes a dead letter.
     *
     * @param id and adapter: where they could be made out
     */
    record Refused(
            InputRecord source,
            Optional<byte[]> record,
            Optional<String> id,
            Optional<String> adapter,
            ErrorCode code,
            String message)
            implements Verdict {

        static Refused of(CuratedExample example, ErrorCode code, String message) {
            return new Refused(
                    example.getSource(),
                    Optional.of(example.getRecord().toByteArray()),
                    Optional.of(example.getExampleId()),
                    Optional.of(example.getAdapter()),
                    code,
                    message);
        }

        Outcome outcome() {
            return Outcome.rejected(id, adapter, source, code);
        }

        DeadLetter deadLetter() {
            return new DeadLetter(source, record, code, message);
        }
    }
}
