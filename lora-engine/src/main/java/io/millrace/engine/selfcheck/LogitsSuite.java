package io.millrace.engine.selfcheck;

import io.millrace.core.AdapterWeights;
import io.millrace.core.BaseDescription.Quantisation;
import io.millrace.core.safetensors.SafetensorsFile;
import io.millrace.engine.DType;
import io.millrace.engine.base.Base;
import io.millrace.engine.base.Bases;
import io.millrace.engine.torch.TorchRuntime;
import io.millrace.engine.train.LlamaTrainingModel;
import io.millrace.engine.train.TrainingModels;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Logits of whole sequences, and the tokens that greedy decoding takes: {@code logits/<model>.safetensors}. */
public final class LogitsSuite implements GoldenSuite {
    private static final String SUFFIX = ".safetensors";
    private static final double MAX_DIFFERENCE = 2e-4;

    private final TorchRuntime torch;

    public LogitsSuite(TorchRuntime torch) {
        this.torch = torch;
    }

    @Override
    public List<GoldenCase> cases(Path goldenDirectory) {
        return GoldenFiles.list(goldenDirectory.resolve("logits")).stream()
                .filter(file -> file.getFileName().toString().endsWith(SUFFIX))
                .flatMap(file -> casesOf(goldenDirectory, file))
                .toList();
    }

    private Stream<GoldenCase> casesOf(Path golden, Path file) {
        String model = file.getFileName().toString().replace(SUFFIX, "");
        Path directory = golden.resolve("models").resolve(model);
        String logits = "logits/" + model;
        String greedy = logits + " greedy";
        Optional<String> unsupported = GoldenFiles.unsupportedModel(directory);
        if (unsupported.isPresent()) {
            return Stream.of(Check.skipped(logits, unsupported.get()), Check.skipped(greedy, unsupported.get()));
        }
        return Stream.of(
                new Check(logits, () -> with(directory, file, LogitsSuite::logits)),
                new Check(greedy, () -> with(directory, file, LogitsSuite::greedy)));
    }

    private interface Measure {
        GoldenCase.Outcome of(LlamaTrainingModel model, SafetensorsFile file);
    }

    private GoldenCase.Outcome with(Path directory, Path file, Measure measure) {
        try (Base base = Bases.openDirectory(directory, Quantisation.DENSE);
                LlamaTrainingModel model = TrainingModels.load(torch, base, DType.F32);
                SafetensorsFile expected = SafetensorsFile.open(file)) {
            return measure.of(model, expected);
        }
    }

    private static GoldenCase.Outcome logits(LlamaTrainingModel model, SafetensorsFile file) {
        List<Long> shape = file.info("logits").shape();
        int vocab = shape.get(2).intValue();
        int[] positions = ints(file.longs("positions"));
        float[] expected = file.floats("logits");
        double worst = 0;
        for (int row = 0; row < shape.get(0); row++) {
            int[] ids = unmasked(file, row);
            float[] last = model.logits(ids, Optional.empty(), ids.length - 1);
            if (row == 0) {
                worst = Math.max(worst, largestDifference(last, file.floats("logits_row0_last"), 0));
            }
            for (int i = 0; i < positions.length; i++) {
                if (positions[i] < ids.length) {
                    float[] actual = model.logits(ids, Optional.empty(), positions[i]);
                    worst = Math.max(worst, largestDifference(actual, expected, (row * positions.length + i) * vocab));
                }
            }
        }
        return new GoldenCase.Outcome.Measured(worst, MAX_DIFFERENCE, "largest difference of a logit");
    }

    /** As the same tokens were chosen from the same prefixes, one pass over all of them tells. */
    static GoldenCase.Outcome greedy(LlamaTrainingModel model, SafetensorsFile file) {
        int[] ids = ints(file.longs("greedy_ids"));
        return differingTokens(model, Optional.empty(), ids, promptTokens(file, ids));
    }

    /** The greedy tokens go on from the beginning of the first input: what they have in common with it. */
    static int promptTokens(SafetensorsFile file, int[] greedy) {
        int common = Arrays.mismatch(unmasked(file, 0), greedy);
        if (common == 0) {
            throw new IllegalArgumentException("the greedy tokens don't begin as the first input does");
        }
        return common < 0 ? greedy.length : common;
    }

    static GoldenCase.Outcome differingTokens(
            LlamaTrainingModel model, Optional<AdapterWeights> adapter, int[] ids, int promptTokens) {
        int[] rows = IntStream.range(promptTokens - 1, ids.length - 1).toArray();
        float[] logits = model.logits(ids, adapter, rows);
        int vocab = logits.length / rows.length;
        long different = IntStream.range(0, rows.length)
                .filter(i -> largest(logits, i * vocab, vocab) != ids[rows[i] + 1])
                .count();
        return new GoldenCase.Outcome.Measured(different, 0, "tokens that differ, of " + rows.length);
    }

    static double largestDifference(float[] actual, float[] expected, int from) {
        double worst = 0;
        for (int i = 0; i < actual.length; i++) {
            worst = Math.max(worst, Math.abs((double) actual[i] - expected[from + i]));
        }
        return worst;
    }

    static int[] ints(long[] longs) {
        return Arrays.stream(longs).mapToInt(Math::toIntExact).toArray();
    }

    private static int[] unmasked(SafetensorsFile file, int row) {
        int length = file.info("input_ids").shape().get(1).intValue();
        long[] ids = file.longs("input_ids");
        long[] mask = file.longs("attention_mask");
        return IntStream.range(row * length, (row + 1) * length)
                .filter(i -> mask[i] != 0)
                .map(i -> (int) ids[i])
                .toArray();
    }

    private static int largest(float[] values, int from, int count) {
        int best = 0;
        for (int i = 1; i < count; i++) {
            best = values[from + i] > values[from + best] ? i : best;
        }
        return best;
    }
}
