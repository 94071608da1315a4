package io.millrace.standalone.cli.offline;

import io.millrace.core.Digest;
import io.millrace.core.ErrorCode;
import io.millrace.core.ExampleParser;
import io.millrace.core.MillraceException;
import io.millrace.core.TrainingExample;
import io.millrace.engine.text.ExampleEncoder;
import io.millrace.engine.text.TrainingSequence;
import io.millrace.standalone.cli.ExampleLines;
import io.millrace.standalone.cli.Out;
import io.millrace.topics.Topics;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The examples of a file, tokenised, each content once.
 *
 * @param sequences in the file's order
 * @param repeated lines left out because their content had come before
 */
record EncodedExamples(List<TrainingSequence> sequences, int repeated) {
    private static final int SHOWN = 3;

    /** Records of the topic name an adapter, lines of a file needn't. */
    private static final Optional<String> ADAPTER = Optional.of("local/adapter");

    /**
     * @param file JSONL, or - for the standard input
     * @throws MillraceException {@code bad_request} where a line is no example or the file has none
     */
    static EncodedExamples read(String file, ExampleEncoder encoder, int maxLength) {
        ExampleParser parser = new ExampleParser(Topics.MAX_EXAMPLE_BYTES);
        List<TrainingSequence> sequences = new ArrayList<>();
        Set<Digest> seen = new HashSet<>();
        List<String> refused = new ArrayList<>();
        int[] lines = {0};
        new ExampleLines(List.of(file), ADAPTER).each(line -> {
            lines[0]++;
            try {
                TrainingExample example = parser.parse(line.bytes());
                TrainingSequence sequence = encoder.encode(example, maxLength);
                if (seen.add(example.contentDigest())) {
                    sequences.add(sequence);
                }
            } catch (MillraceException e) {
                refused.add(line.place() + " " + e.code().code() + ": " + e.getMessage());
            }
        });
        if (!refused.isEmpty()) {
            throw new MillraceException(
                    ErrorCode.BAD_REQUEST,
                    refused.size() + " of " + lines[0] + " lines can't be used, mend them or take them out: "
                            + String.join("; ", refused.subList(0, Math.min(SHOWN, refused.size()))));
        }
        if (sequences.isEmpty()) {
            throw new MillraceException(ErrorCode.BAD_REQUEST, file + " has no examples; write a JSON object a line");
        }
        return new EncodedExamples(sequences, lines[0] - sequences.size());
    }

    void noteRepeated(Out out) {
        if (repeated > 0) {
            out.note(repeated + " repeated lines left out");
        }
    }
}
