package io.millrace.engine.metrics;

import java.util.List;
import java.util.regex.Pattern;

/**
 * BLEU (Papineni et al. 2002) as sacrebleu computes it: tokenised as mteval-v13a does, n-grams up to four, orders without a
 * match smoothed exponentially (Chen and Cherry 2014, method 3). From 0 to 100.
 */
public final class Bleu {
    private static final int ORDERS = 4;
    private static final double PERCENT = 100;
    private static final List<Rule> RULES = List.of(
            new Rule("([\\{-~\\[-` -&(-+:-@/])", " $1 "),
            new Rule("([^0-9])([.,])", "$1 $2 "),
            new Rule("([.,])([^0-9])", " $1 $2"),
            new Rule("([0-9])(-)", "$1 $2 "));

    private record Rule(Pattern pattern, String replacement) {
        Rule(String pattern, String replacement) {
            this(Pattern.compile(pattern), replacement);
        }
    }

    /** What is summed over the pairs, by order. */
    private static final class Sums {
        private final long[] matches = new long[ORDERS];
        private final long[] totals = new long[ORDERS];
        private long hypothesisTokens;
        private long referenceTokens;

        void add(TextPair pair) {
            List<String> hypothesis = tokens(pair.hypothesis());
            List<String> reference = tokens(pair.reference());
            hypothesisTokens += hypothesis.size();
            referenceTokens += reference.size();
            for (int n = 1; n <= ORDERS; n++) {
                Ngrams ours = Ngrams.of(hypothesis, n);
                matches[n - 1] += ours.common(Ngrams.of(reference, n));
                totals[n - 1] += ours.total();
            }
        }
    }

    private Bleu() {}

    /** Of all pairs together. */
    public static double corpus(List<TextPair> pairs) {
        Sums sums = new Sums();
        pairs.forEach(sums::add);
        return score(sums, false);
    }

    /** Of one pair, by the orders that it is long enough for. */
    public static double sentence(TextPair pair) {
        Sums sums = new Sums();
        sums.add(pair);
        return score(sums, true);
    }

    private static double score(Sums sums, boolean ordersThatFit) {
        if (sums.matches[0] == 0) {
            return 0;
        }
        int orders = 0;
        while (orders < ORDERS && sums.totals[orders] > 0) {
            orders++;
        }
        if (orders < ORDERS && !ordersThatFit) {
            return 0;
        }
        double logs = 0;
        double smoothing = 1;
        for (int n = 0; n < orders; n++) {
            double precision = PERCENT * sums.matches[n] / sums.totals[n];
            if (sums.matches[n] == 0) {
                smoothing *= 2;
                precision = PERCENT / (smoothing * sums.totals[n]);
            }
            logs += Math.log(precision);
        }
        double brevity = sums.hypothesisTokens < sums.referenceTokens
                ? Math.exp(1 - (double) sums.referenceTokens / sums.hypothesisTokens)
                : 1;
        return brevity * Math.exp(logs / orders);
    }

    private static List<String> tokens(String text) {
        String line = text.replace("<skipped>", "")
                .replace("-\n", "")
                .replace("\n", " ")
                .replace("&quot;", "\"")
                .replace("&amp;", "&")
                .replace("&lt;", "<")
                .replace("&gt;", ">");
        line = " " + line + " ";
        for (Rule rule : RULES) {
            line = rule.pattern().matcher(line).replaceAll(rule.replacement());
        }
        return Whitespace.split(line);
    }
}
