package io.millrace.engine.selfcheck;

import com.fasterxml.jackson.databind.JsonNode;
import io.millrace.engine.metrics.Bleu;
import io.millrace.engine.metrics.ChrF;
import io.millrace.engine.metrics.Rouge;
import io.millrace.engine.metrics.TextPair;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;

/** Scores of texts: {@code metrics/cases.json}. */
public final class MetricsSuite implements GoldenSuite {
    private static final double MAX_RELATIVE_DIFFERENCE = 1e-6;

    @Override
    public List<GoldenCase> cases(Path goldenDirectory) {
        Path file = goldenDirectory.resolve("metrics").resolve("cases.json");
        if (!Files.exists(file)) {
            return List.of();
        }
        return List.of(
                new Check("metrics/BLEU", () -> bleu(GoldenFiles.json(file))),
                new Check("metrics/chrF", () -> chrF(GoldenFiles.json(file))),
                new Check("metrics/ROUGE", () -> rouge(GoldenFiles.json(file))));
    }

    private static GoldenCase.Outcome bleu(JsonNode cases) {
        double corpus = difference(Bleu.corpus(pairs(cases)), cases.path("corpus_bleu_13a"));
        return outcome(Math.max(corpus, worst(cases, "sentence_bleu_exp", Bleu::sentence)));
    }

    private static GoldenCase.Outcome chrF(JsonNode cases) {
        double corpus = difference(ChrF.corpus(pairs(cases)), cases.path("corpus_chrf"));
        return outcome(Math.max(corpus, worst(cases, "chrf", ChrF::sentence)));
    }

    private static GoldenCase.Outcome rouge(JsonNode cases) {
        return outcome(Math.max(
                Math.max(
                        worst(cases, "rouge1", pair -> Rouge.of(pair).rouge1()),
                        worst(cases, "rouge2", pair -> Rouge.of(pair).rouge2())),
                worst(cases, "rougeL", pair -> Rouge.of(pair).rougeL())));
    }

    private static List<TextPair> pairs(JsonNode cases) {
        List<TextPair> pairs = new ArrayList<>();
        cases.path("rows").forEach(row -> pairs.add(pair(row)));
        return pairs;
    }

    private static TextPair pair(JsonNode row) {
        return new TextPair(
                row.path("hypothesis").asText(), row.path("reference").asText());
    }

    private static double worst(JsonNode cases, String expected, ToDoubleFunction<TextPair> score) {
        double worst = 0;
        for (JsonNode row : cases.path("rows")) {
            worst = Math.max(worst, difference(score.applyAsDouble(pair(row)), row.path(expected)));
        }
        return worst;
    }

    /** Of the expected number; a missing one is as far away as can be. */
    private static double difference(double actual, JsonNode expected) {
        if (!expected.isNumber()) {
            return Double.POSITIVE_INFINITY;
        }
        double distance = Math.abs(actual - expected.asDouble());
        return distance == 0 ? 0 : distance / Math.abs(expected.asDouble());
    }

    private static GoldenCase.Outcome outcome(double worst) {
        return new GoldenCase.Outcome.Measured(
                worst, MAX_RELATIVE_DIFFERENCE, "largest relative difference of a score");
    }
}
