package io.millrace.engine.selfcheck;

import io.millrace.core.AdapterWeights;
import io.millrace.core.BaseDescription.Quantisation;
import io.millrace.core.LoraPair;
import io.millrace.core.safetensors.SafetensorsFile;
import io.millrace.engine.DType;
import io.millrace.engine.base.Base;
import io.millrace.engine.base.Bases;
import io.millrace.engine.compose.DenseMerge;
import io.millrace.engine.compose.SingularDirections;
import io.millrace.engine.torch.TorchRuntime;
import io.millrace.engine.train.LlamaTrainingModel;
import io.millrace.engine.train.TrainingModels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * Sums of adapters, merged weights and leading directions: {@code compose/}. The mixes are named in
 * {@code expected.safetensors}: {@code base}, an adapter, {@code x_minus_y} for x - 0.5 y, or parts with their percentages
 * as {@code x50_y30}.
 */
public final class ComposeSuite implements GoldenSuite {
    private static final double MAX_LOGIT_DIFFERENCE = 5e-4;
    private static final double MAX_MERGED_DIFFERENCE = 1e-5;
    private static final double MAX_COSINE_DISTANCE = 1e-4;
    private static final String LOGITS = "logits_";
    static final String GREEDY = "greedy_";
    private static final String PREFIX = "base_model.model.";

    private final TorchRuntime torch;

    public ComposeSuite(TorchRuntime torch) {
        this.torch = torch;
    }

    @Override
    public List<GoldenCase> cases(Path goldenDirectory) {
        Path compose = goldenDirectory.resolve("compose");
        Path expected = compose.resolve("expected.safetensors");
        if (!Files.exists(expected)) {
            return List.of();
        }
        List<GoldenCase> cases = new ArrayList<>();
        try (SafetensorsFile file = SafetensorsFile.open(expected)) {
            for (String tensor : file.tensors().keySet()) {
                if (tensor.startsWith(LOGITS)) {
                    String mix = tensor.substring(LOGITS.length());
                    cases.add(new Check("compose/" + mix + " logits", () -> logits(goldenDirectory, mix)));
                    cases.add(new Check("compose/" + mix + " greedy", () -> greedy(goldenDirectory, mix)));
                }
            }
        }
        for (Path file : GoldenFiles.list(compose)) {
            String name = file.getFileName().toString();
            if (name.endsWith("_merged.safetensors")) {
                String adapter = name.replace("_merged.safetensors", "");
                cases.add(new Check("compose/" + adapter + " merged", () -> merged(goldenDirectory, adapter, file)));
            }
            if (name.endsWith("_arrow.safetensors")) {
                String adapter = name.replace("_arrow.safetensors", "");
                cases.add(new Check("compose/" + adapter + " arrow", () -> directions(compose.resolve(adapter), file)));
            }
        }
        return List.copyOf(cases);
    }

    private GoldenCase.Outcome logits(Path golden, String mix) {
        return withModel(golden, model -> {
            try (SafetensorsFile file = SafetensorsFile.open(expected(golden))) {
                int[] ids = LogitsSuite.ints(file.longs("input_ids"));
                float[] actual = model.logits(
                        ids,
                        GoldenMix.named(golden.resolve("compose"), mix).sum(),
                        IntStream.range(0, ids.length).toArray());
                double worst = LogitsSuite.largestDifference(actual, file.floats(LOGITS + mix), 0);
                return new GoldenCase.Outcome.Measured(worst, MAX_LOGIT_DIFFERENCE, "largest difference of a logit");
            }
        });
    }

    private GoldenCase.Outcome greedy(Path golden, String mix) {
        return withModel(golden, model -> {
            try (SafetensorsFile file = SafetensorsFile.open(expected(golden))) {
                return LogitsSuite.differingTokens(
                        model,
                        GoldenMix.named(golden.resolve("compose"), mix).sum(),
                        LogitsSuite.ints(file.longs(GREEDY + mix)),
                        promptTokens(file));
            }
        });
    }

    /** All mixes go on from the same prompt, the beginning of the input: what they have in common with it. */
    static int promptTokens(SafetensorsFile file) {
        long[] input = file.longs("input_ids");
        return file.tensors().keySet().stream()
                .filter(name -> name.startsWith(GREEDY))
                .mapToInt(name -> Arrays.mismatch(input, file.longs(name)))
                .map(first -> first < 0 ? input.length : first)
                .min()
                .orElseThrow();
    }

    private static GoldenCase.Outcome merged(Path golden, String adapter, Path file) {
        AdapterWeights weights = GoldenFiles.adapter(golden.resolve("compose").resolve(adapter));
        double worst = 0;
        try (SafetensorsFile model = SafetensorsFile.open(model(golden).resolve("model.safetensors"));
                SafetensorsFile expected = SafetensorsFile.open(file)) {
            for (String name : expected.tensors().keySet()) {
                float[] plain = model.floats(name);
                float[] ours = Optional.ofNullable(weights.modules().get(name.replaceAll("\\.weight$", "")))
                        .map(pair -> new DenseMerge.Term(pair, weights.config().scale()))
                        .map(term -> DenseMerge.merge(plain, List.of(term)))
                        .orElse(plain);
                worst = Math.max(worst, LogitsSuite.largestDifference(ours, expected.floats(name), 0));
            }
        }
        return new GoldenCase.Outcome.Measured(worst, MAX_MERGED_DIFFERENCE, "largest difference of a weight");
    }

    private static GoldenCase.Outcome directions(Path adapter, Path file) {
        AdapterWeights weights = GoldenFiles.adapter(adapter);
        double worst = 0;
        try (SafetensorsFile expected = SafetensorsFile.open(file)) {
            for (Map.Entry<String, LoraPair> module : weights.modules().entrySet()) {
                SingularDirections directions = SingularDirections.of(module.getValue());
                float[] vector = expected.floats(PREFIX + module.getKey() + ".v");
                float[] values = expected.floats(PREFIX + module.getKey() + ".s");
                worst = Math.max(worst, 1 - Math.abs(cosine(directions.leading(), vector)));
                for (int i = 0; i < values.length; i++) {
                    worst = Math.max(worst, Math.abs(directions.values()[i] / values[i] - 1));
                }
            }
        }
        return new GoldenCase.Outcome.Measured(
                worst, MAX_COSINE_DISTANCE, "1 - |cosine|, and relative difference of the singular values");
    }

    private static double cosine(double[] a, float[] b) {
        double dot = 0;
        double aa = 0;
        double bb = 0;
        for (int i = 0; i < b.length; i++) {
            dot += a[i] * b[i];
            aa += a[i] * a[i];
            bb += (double) b[i] * b[i];
        }
        return dot / Math.sqrt(aa * bb);
    }

    private GoldenCase.Outcome withModel(Path golden, Function<LlamaTrainingModel, GoldenCase.Outcome> measure) {
        try (Base base = Bases.openDirectory(model(golden), Quantisation.DENSE);
                LlamaTrainingModel model = TrainingModels.load(torch, base, DType.F32)) {
            return measure.apply(model);
        }
    }

    /** The model that the adapters name as theirs. */
    static Path model(Path golden) {
        String name = GoldenFiles.list(golden.resolve("compose")).stream()
                .map(path -> path.resolve("adapter_config.json"))
                .filter(Files::exists)
                .map(config ->
                        GoldenFiles.json(config).path("base_model_name_or_path").asText())
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("compose has no adapter directory"));
        return golden.resolve("models").resolve(Path.of(name).getFileName());
    }

    static Path expected(Path golden) {
        return golden.resolve("compose").resolve("expected.safetensors");
    }
}
