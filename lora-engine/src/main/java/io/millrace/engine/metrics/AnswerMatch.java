package io.millrace.engine.metrics;

import java.util.List;
import java.util.Locale;

/**
 * Whether an answer is the one hoped for, as SQuAD's evaluation says it (Rajpurkar et al. 2016): letters' case, ASCII
 * punctuation and English articles don't count.
 */
public final class AnswerMatch {
    private AnswerMatch() {}

    public static boolean exact(TextPair pair) {
        return words(pair.hypothesis()).equals(words(pair.reference()));
    }

    /** F1 over words, from 0 to 1. Two answers without any word are the same. */
    public static double f1(TextPair pair) {
        List<String> hypothesis = words(pair.hypothesis());
        List<String> reference = words(pair.reference());
        if (hypothesis.isEmpty() || reference.isEmpty()) {
            return hypothesis.equals(reference) ? 1 : 0;
        }
        int common = Ngrams.of(hypothesis, 1).common(Ngrams.of(reference, 1));
        return Rouge.f1(common, hypothesis.size(), reference.size());
    }

    private static List<String> words(String text) {
        String plain =
                text.toLowerCase(Locale.ROOT).replaceAll("\\p{Punct}", "").replaceAll("\\b(a|an|the)\\b", " ");
        return Whitespace.split(plain);
    }
}
