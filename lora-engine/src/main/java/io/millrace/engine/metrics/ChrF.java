package io.millrace.engine.metrics;

import java.util.List;

/**
 * chrF (Popović 2015) as sacrebleu computes it: n-grams of characters up to six, white space left out, recall twice as
 * important as precision. From 0 to 100.
 */
public final class ChrF {
    private static final int ORDERS = 6;
    private static final double BETA_SQUARED = 4;

    private ChrF() {}

    /** Of all pairs together. */
    public static double corpus(List<TextPair> pairs) {
        long[] matches = new long[ORDERS];
        long[] ours = new long[ORDERS];
        long[] theirs = new long[ORDERS];
        for (TextPair pair : pairs) {
            List<String> hypothesis = characters(pair.hypothesis());
            List<String> reference = characters(pair.reference());
            for (int n = 1; n <= ORDERS; n++) {
                Ngrams generated = Ngrams.of(hypothesis, n);
                Ngrams hoped = Ngrams.of(reference, n);
                matches[n - 1] += generated.common(hoped);
                ours[n - 1] += hoped.total() == 0 ? 0 : generated.total();
                theirs[n - 1] += hoped.total();
            }
        }
        return score(matches, ours, theirs);
    }

    /** Of one pair. */
    public static double sentence(TextPair pair) {
        return corpus(List.of(pair));
    }

    private static double score(long[] matches, long[] ours, long[] theirs) {
        double precision = 0;
        double recall = 0;
        int orders = 0;
        for (int n = 0; n < ORDERS; n++) {
            if (ours[n] > 0 && theirs[n] > 0) {
                precision += (double) matches[n] / ours[n];
                recall += (double) matches[n] / theirs[n];
                orders++;
            }
        }
        if (precision + recall == 0) {
            return 0;
        }
        precision /= orders;
        recall /= orders;
        return 100 * (1 + BETA_SQUARED) * precision * recall / (BETA_SQUARED * precision + recall);
    }

    private static List<String> characters(String text) {
        return String.join("", Whitespace.split(text))
                .codePoints()
                .mapToObj(Character::toString)
                .toList();
    }
}
