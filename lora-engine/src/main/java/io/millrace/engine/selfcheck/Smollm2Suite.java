package io.millrace.engine.selfcheck;

import com.fasterxml.jackson.databind.JsonNode;
import io.millrace.core.BaseDescription.Quantisation;
import io.millrace.core.safetensors.SafetensorsFile;
import io.millrace.engine.DType;
import io.millrace.engine.base.Base;
import io.millrace.engine.base.BaseCatalogue;
import io.millrace.engine.decode.DecodeOptions;
import io.millrace.engine.decode.EmbeddedGenerator;
import io.millrace.engine.decode.Generation.Alternative;
import io.millrace.engine.decode.Generation.Token;
import io.millrace.engine.decode.GenerationRequest;
import io.millrace.engine.decode.PromptLogits;
import io.millrace.engine.torch.TorchRuntime;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Function;
import java.util.stream.StreamSupport;

/**
 * The real base as it is served, dense and in NF4, against transformers: {@code smollm2/{dense,nf4}.json}. Skipped where
 * the base hasn't been pulled. The prompts' ids are {@link TokensSuite}'s.
 */
public final class Smollm2Suite implements GoldenSuite {
    private static final double MAX_NLL_DIFFERENCE = 1e-4;
    private static final double MAX_LOGIT_DIFFERENCE = 1e-3;
    /** Below this distance of the two most likely tokens either may be taken. */
    private static final double TIE = 1e-3;

    private final TorchRuntime torch;
    private final GoldenBases bases;

    public Smollm2Suite(TorchRuntime torch, GoldenBases bases) {
        this.torch = torch;
        this.bases = bases;
    }

    @Override
    public List<GoldenCase> cases(Path goldenDirectory) {
        List<GoldenCase> cases = new ArrayList<>();
        for (Quantisation quantisation : Quantisation.values()) {
            String kind = quantisation == Quantisation.NF4 ? "nf4" : "dense";
            Path json = goldenDirectory.resolve("smollm2").resolve(kind + ".json");
            if (Files.exists(json)) {
                String name = "smollm2/" + kind + " ";
                Measured measured = new Measured(quantisation, json);
                cases.add(new Check(name + "nll", () -> measured.get(Outcomes::likelihoods)));
                cases.add(new Check(name + "top logits", () -> measured.get(Outcomes::topLogits)));
                cases.add(new Check(name + "greedy", () -> measured.get(Outcomes::greedy)));
            }
        }
        return List.copyOf(cases);
    }

    private record Outcomes(GoldenCase.Outcome likelihoods, GoldenCase.Outcome topLogits, GoldenCase.Outcome greedy) {}

    /** All that is measured of one form of the base, when the first case asks: opening it may mean making it first. */
    private final class Measured {
        private final Quantisation quantisation;
        private final Path json;
        private final List<Outcomes> outcomes = new ArrayList<>();

        Measured(Quantisation quantisation, Path json) {
            this.quantisation = quantisation;
            this.json = json;
        }

        GoldenCase.Outcome get(Function<Outcomes, GoldenCase.Outcome> which) {
            if (outcomes.isEmpty()) {
                Optional<Base> found = bases.open(BaseCatalogue.DEFAULT_BASE, quantisation);
                if (found.isEmpty()) {
                    return GoldenBases.notHere(BaseCatalogue.DEFAULT_BASE);
                }
                try (Base base = found.get()) {
                    outcomes.add(measure(base, json));
                }
            }
            return which.apply(outcomes.get(0));
        }
    }

    private Outcomes measure(Base base, Path json) {
        JsonNode prompts = GoldenFiles.json(json);
        Path tensors = json.resolveSibling(json.getFileName().toString().replace(".json", ".safetensors"));
        double worstLikelihood = 0;
        double worstLogit = 0;
        try (PromptLogits logits = new PromptLogits(torch, base, DType.F32, longest(prompts));
                SafetensorsFile file = SafetensorsFile.open(tensors)) {
            for (int i = 0; i < prompts.size(); i++) {
                JsonNode golden = prompts.get(i);
                PromptLogits.Scores scores = logits.score(ints(golden.path("prompt_ids")), List.of());
                double difference = mean(scores.negativeLogLikelihoods())
                        - golden.path("mean_nll").asDouble(Double.NaN);
                worstLikelihood = Math.max(worstLikelihood, Math.abs(difference));
                long[] ids = file.longs("last_top50_ids_" + i);
                float[] values = file.floats("last_top50_values_" + i);
                for (int k = 0; k < ids.length; k++) {
                    worstLogit = Math.max(worstLogit, Math.abs((double) scores.last()[(int) ids[k]] - values[k]));
                }
            }
        }
        return new Outcomes(
                new GoldenCase.Outcome.Measured(
                        worstLikelihood, MAX_NLL_DIFFERENCE, "largest difference of a mean negative log-likelihood"),
                new GoldenCase.Outcome.Measured(
                        worstLogit, MAX_LOGIT_DIFFERENCE, "largest difference of one of the 50 largest logits"),
                greedy(base, prompts));
    }

    private static int longest(JsonNode prompts) {
        return StreamSupport.stream(prompts.spliterator(), false)
                .mapToInt(golden -> golden.path("prompt_ids").size())
                .max()
                .orElse(1);
    }

    private static double mean(float[] losses) {
        double sum = 0;
        for (float loss : losses) {
            sum += loss;
        }
        return sum / losses.length;
    }

    private GoldenCase.Outcome greedy(Base base, JsonNode prompts) {
        DecodeOptions options = DecodeOptions.of(DType.F32);
        List<String> differences = new ArrayList<>();
        int excused = 0;
        try (EmbeddedGenerator generator = EmbeddedGenerator.start(torch, base, options, () -> 0)) {
            for (JsonNode golden : prompts) {
                int[] expected = ints(golden.path("greedy_ids"));
                List<Token> ours = generator
                        .submit(
                                new GenerationRequest(
                                        ints(golden.path("prompt_ids")),
                                        List.of(),
                                        expected.length,
                                        List.of(),
                                        0,
                                        1,
                                        OptionalLong.empty(),
                                        true,
                                        2),
                                token -> {})
                        .result()
                        .join()
                        .tokens();
                int at = firstDifference(ours, expected);
                if (at >= 0 && tied(ours, at, expected)) {
                    excused++;
                } else if (at >= 0) {
                    differences.add("'" + golden.path("prompt").asText() + "' from token " + at);
                }
            }
        }
        String detail = differences.isEmpty()
                ? "answers that differ; " + excused + " where the two most likely tokens are as good as equal"
                : "answers that differ: " + String.join(", ", differences);
        return new GoldenCase.Outcome.Measured(differences.size(), 0, detail);
    }

    private static int firstDifference(List<Token> ours, int[] expected) {
        int common = Math.min(ours.size(), expected.length);
        for (int i = 0; i < common; i++) {
            if (ours.get(i).id() != expected[i]) {
                return i;
            }
        }
        return ours.size() == expected.length ? -1 : common;
    }

    private static boolean tied(List<Token> ours, int at, int[] expected) {
        if (at >= ours.size() || at >= expected.length) {
            return false;
        }
        List<Alternative> two = ours.get(at).alternatives();
        return two.get(1).id() == expected[at]
                && two.get(0).logprob() - two.get(1).logprob() < TIE;
    }

    private static int[] ints(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false)
                .mapToInt(JsonNode::asInt)
                .toArray();
    }
}
