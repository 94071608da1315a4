package io.millrace.engine.text;

/**
 * One tokenised example.
 *
 * @param tokenIds [length]
 * @param labelled [length]; position i is true where the loss counts predicting {@code tokenIds[i]} from what stands
 *     before it (position 0 is never counted)
 * @param weight factor of its loss
 * @param truncated whether prompt tokens were dropped from the left
 */
public record TrainingSequence(int[] tokenIds, boolean[] labelled, double weight, boolean truncated) {
    public int length() {
        return tokenIds.length;
    }

    public int labelledTokens() {
        int n = 0;
        for (int i = 1; i < labelled.length; i++) {
            n += labelled[i] ? 1 : 0;
        }
        return n;
    }
}
