package io.millrace.standalone.cli.offline;

import io.millrace.engine.metrics.AnswerMatch;
import io.millrace.engine.metrics.Bleu;
import io.millrace.engine.metrics.ChrF;
import io.millrace.engine.metrics.Rouge;
import io.millrace.engine.metrics.TextPair;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/** How near answers come to what was hoped for. */
final class AnswerScores {
    private AnswerScores() {}

    /**
     * Figures by name: BLEU and chrF of all together, from 0 to 100; means of the others, from 0 to 1.
     *
     * @param pairs at least one
     */
    static Map<String, Object> of(List<TextPair> pairs) {
        List<Rouge> rouge = pairs.stream().map(Rouge::of).toList();
        Map<String, Object> figures = new LinkedHashMap<>();
        figures.put("answers", pairs.size());
        figures.put("exact_match", mean(pairs, pair -> AnswerMatch.exact(pair) ? 1 : 0));
        figures.put("f1", mean(pairs, AnswerMatch::f1));
        figures.put("bleu", Bleu.corpus(pairs));
        figures.put("chrf", ChrF.corpus(pairs));
        figures.put("rouge1", mean(rouge, Rouge::rouge1));
        figures.put("rouge2", mean(rouge, Rouge::rouge2));
        figures.put("rougeL", mean(rouge, Rouge::rougeL));
        return figures;
    }

    private static <T> double mean(List<T> of, ToDoubleFunction<T> figure) {
        return of.stream().mapToDouble(figure).average().orElseThrow();
    }
}
