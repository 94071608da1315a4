package io.millrace.engine.train;

import io.millrace.engine.text.TrainingSequence;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Sequences that go through the model together, padded on the right to the longest. Padding needs no mask: attention is
 * causal, so no real token sees it, and no loss counts it.
 *
 * @param first place of the first sequence in the step
 * @param length tokens of the longest
 * @param ids [size, length]
 * @param at [labelled] rows of the flattened batch that predict a labelled token
 * @param targets [labelled] the tokens they predict
 * @param owner [labelled] place in the step of the sequence they belong to
 */
record MicroBatch(int first, int size, int length, long[] ids, long[] at, long[] targets, int[] owner) {

    static MicroBatch of(List<TrainingSequence> all, int from, int to) {
        int length = all.subList(from, to).stream()
                .mapToInt(TrainingSequence::length)
                .max()
                .orElseThrow();
        int labelled = all.subList(from, to).stream()
                .mapToInt(TrainingSequence::labelledTokens)
                .sum();
        long[] ids = new long[(to - from) * length];
        long[] at = new long[labelled];
        long[] targets = new long[labelled];
        int[] owner = new int[labelled];
        int n = 0;
        for (int s = from; s < to; s++) {
            TrainingSequence sequence = all.get(s);
            int row = (s - from) * length;
            for (int i = 0; i < sequence.length(); i++) {
                ids[row + i] = sequence.tokenIds()[i];
                if (i > 0 && sequence.labelled()[i]) {
                    at[n] = row + i - 1L;
                    targets[n] = sequence.tokenIds()[i];
                    owner[n++] = s;
                }
            }
        }
        return new MicroBatch(from, to - from, length, ids, at, targets, owner);
    }

    /** The step's sequences in order, that many at a time. */
    static List<MicroBatch> split(List<TrainingSequence> sequences, int size) {
        return IntStream.iterate(0, i -> i < sequences.size(), i -> i + size)
                .mapToObj(i -> of(sequences, i, Math.min(i + size, sequences.size())))
                .toList();
    }
}
