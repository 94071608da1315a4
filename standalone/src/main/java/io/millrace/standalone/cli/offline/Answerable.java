package io.millrace.standalone.cli.offline;

import io.millrace.engine.text.Tokenizer;
import io.millrace.engine.text.TrainingSequence;
import java.util.Arrays;
import java.util.Optional;

/**
 * An example that a model can be asked about: what comes before its last completion, and that completion.
 *
 * @param prompt token ids
 * @param reference without special tokens
 */
record Answerable(int[] prompt, String reference) {

    /** Empty where nothing comes before, as in an example that is one text. */
    static Optional<Answerable> of(TrainingSequence sequence, Tokenizer tokenizer) {
        int end = sequence.length();
        while (end > 0 && !sequence.labelled()[end - 1]) {
            end--;
        }
        int start = end;
        while (start > 0 && sequence.labelled()[start - 1]) {
            start--;
        }
        if (start == 0) {
            return Optional.empty();
        }
        int[] ids = sequence.tokenIds();
        String reference = tokenizer.decode(Arrays.copyOfRange(ids, start, end), true);
        return Optional.of(new Answerable(Arrays.copyOf(ids, start), reference));
    }
}
