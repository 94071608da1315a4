package io.millrace.engine.selfcheck;

import com.fasterxml.jackson.databind.JsonNode;
import io.millrace.core.BaseDescription.Quantisation;
import io.millrace.core.safetensors.SafetensorsFile;
import io.millrace.engine.DType;
import io.millrace.engine.base.Base;
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
    private static final String BASE = "smollm2-135m-instruct";
    private static final double MAX_NLL_DIFFERENCE = 1e-4;
    private static final double MAX_LOGIT_DIFFERENCE = 1e-3;
    /** Below this distance of the two most likely tokens either may be taken. */
    private static final double TIE = 1e-3;

    private static final int MAX_TOKENS = 512;

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
                cases.add(new Check(name + "nll", () -> with(quantisation, base -> likelihoods(base, json))));
                cases.add(new Check(name + "top logits", () -> with(quantisation, base -> topLogits(base, json))));
                cases.add(new Check(name + "greedy", () -> with(quantisation, base -> greedy(base, json))));
            }
        }
        return List.copyOf(cases);
    }

    private GoldenCase.Outcome with(Quantisation quantisation, Function<Base, GoldenCase.Outcome> measure) {
        Optional<Base> found = bases.open(BASE, quantisation);
        if (found.isEmpty()) {
            return new GoldenCase.Outcome.Skipped(BASE + " isn't here; run 'millrace base pull " + BASE + "'");
        }
        try (Base base = found.get()) {
            return measure.apply(base);
        }
    }

    private GoldenCase.Outcome likelihoods(Base base, Path json) {
        double worst = 0;
        try (PromptLogits logits = new PromptLogits(torch, base, DType.F32, MAX_TOKENS)) {
            for (JsonNode golden : GoldenFiles.json(json)) {
                float[] losses =
                        logits.score(ints(golden.path("prompt_ids")), List.of()).negativeLogLikelihoods();
                double sum = 0;
                for (float loss : losses) {
                    sum += loss;
                }
                worst = Math.max(
                        worst,
                        Math.abs(sum / losses.length - golden.path("mean_nll").asDouble()));
            }
        }
        return new GoldenCase.Outcome.Measured(
                worst, MAX_NLL_DIFFERENCE, "largest difference of a mean negative log-likelihood");
    }

    private GoldenCase.Outcome topLogits(Base base, Path json) {
        double worst = 0;
        Path tensors = json.resolveSibling(json.getFileName().toString().replace(".json", ".safetensors"));
        try (PromptLogits logits = new PromptLogits(torch, base, DType.F32, MAX_TOKENS);
                SafetensorsFile file = SafetensorsFile.open(tensors)) {
            int i = 0;
            for (JsonNode golden : GoldenFiles.json(json)) {
                float[] last =
                        logits.score(ints(golden.path("prompt_ids")), List.of()).last();
                long[] ids = file.longs("last_top50_ids_" + i);
                float[] values = file.floats("last_top50_values_" + i);
                for (int k = 0; k < ids.length; k++) {
                    worst = Math.max(worst, Math.abs((double) last[(int) ids[k]] - values[k]));
                }
                i++;
            }
        }
        return new GoldenCase.Outcome.Measured(
                worst, MAX_LOGIT_DIFFERENCE, "largest difference of one of the 50 largest logits");
    }

    private GoldenCase.Outcome greedy(Base base, Path json) {
        DecodeOptions options = DecodeOptions.of(DType.F32);
        List<String> differences = new ArrayList<>();
        int excused = 0;
        try (EmbeddedGenerator generator = EmbeddedGenerator.start(torch, base, options, () -> 0)) {
            for (JsonNode golden : GoldenFiles.json(json)) {
                int[] expected = ints(golden.path("greedy_ids"));
                List<Token> ours = generator
                        .submit(
                                new GenerationRequest(
                                        ints(golden.path("prompt_ids")),
                                        List.of(),
                                        Math.max(40, expected.length),
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
