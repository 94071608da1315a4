package io.millrace.engine.text;

import java.util.Arrays;

/** Tokens with labels while a sequence is put together. */
final class TokenList {
    private int[] ids = new int[0];
    private boolean[] labelled = new boolean[0];

    void add(int[] more, boolean label) {
        int from = ids.length;
        ids = concat(ids, more);
        labelled = Arrays.copyOf(labelled, ids.length);
        Arrays.fill(labelled, from, ids.length, label);
    }

    int size() {
        return ids.length;
    }

    /** The last tokens, at most so many. */
    TrainingSequence last(int count, double weight) {
        int from = Math.max(0, ids.length - count);
        return new TrainingSequence(
                Arrays.copyOfRange(ids, from, ids.length),
                Arrays.copyOfRange(labelled, from, ids.length),
                weight,
                from > 0);
    }

    static int[] concat(int[] first, int[] second) {
        int[] both = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }
}
