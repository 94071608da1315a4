package io.millrace.engine.metrics;

import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * ROUGE (Lin 2004) as the rouge-score package computes it without stemming: F1 over runs of ASCII letters and digits. From
 * 0 to 1.
 *
 * @param rouge1 of single tokens
 * @param rouge2 of pairs of tokens
 * @param rougeL of the longest common subsequence
 */
public record Rouge(double rouge1, double rouge2, double rougeL) {
    private static final Pattern BETWEEN = Pattern.compile("[^a-z0-9]+");

    public static Rouge of(TextPair pair) {
        List<String> hypothesis = tokens(pair.hypothesis());
        List<String> reference = tokens(pair.reference());
        return new Rouge(
                ngrams(hypothesis, reference, 1),
                ngrams(hypothesis, reference, 2),
                f1(longestCommon(hypothesis, reference), hypothesis.size(), reference.size()));
    }

    private static double ngrams(List<String> hypothesis, List<String> reference, int n) {
        Ngrams ours = Ngrams.of(hypothesis, n);
        Ngrams theirs = Ngrams.of(reference, n);
        return f1(ours.common(theirs), ours.total(), theirs.total());
    }

    static double f1(int common, int ours, int theirs) {
        return common == 0 ? 0 : 2.0 * common / (ours + theirs);
    }

    private static int longestCommon(List<String> a, List<String> b) {
        int[] lengths = new int[b.size() + 1];
        for (String token : a) {
            int diagonal = 0;
            for (int j = 1; j <= b.size(); j++) {
                int above = lengths[j];
                lengths[j] = token.equals(b.get(j - 1)) ? diagonal + 1 : Math.max(above, lengths[j - 1]);
                diagonal = above;
            }
        }
        return lengths[b.size()];
    }

    private static List<String> tokens(String text) {
        return Stream.of(BETWEEN.split(text.toLowerCase(Locale.ROOT)))
                .filter(token -> !token.isEmpty())
                .toList();
    }
}
