package io.millrace.engine.selfcheck;

import com.fasterxml.jackson.databind.JsonNode;
import io.millrace.core.AdapterWeights;
import io.millrace.core.LoraPair;
import io.millrace.core.safetensors.SafetensorsFile;
import io.millrace.engine.DType;
import io.millrace.engine.base.Base;
import io.millrace.engine.text.TrainingSequence;
import io.millrace.engine.torch.TorchRuntime;
import io.millrace.engine.train.LearningRateSchedule;
import io.millrace.engine.train.LlamaTrainingModel;
import io.millrace.engine.train.LoraTrainer;
import io.millrace.engine.train.StepOptions;
import io.millrace.engine.train.StepResult;
import io.millrace.engine.train.TrainingModels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.stream.IntStream;

/** A golden training run as this engine computes it, beside what PEFT computed. */
record GoldenRun(JsonNode run, List<StepResult> steps, List<Double> rates, double gradientError, double finalError) {

    static GoldenRun train(TorchRuntime torch, Base base, DType dtype, Path directory, JsonNode run) {
        Batches batches = Batches.read(directory.resolve("batches.safetensors"));
        LearningRateSchedule schedule = schedule(run);
        int accumulation = run.path("accumulation").asInt();
        List<StepResult> steps = new ArrayList<>();
        List<Double> rates = new ArrayList<>();
        try (LlamaTrainingModel model = TrainingModels.load(torch, base, dtype);
                LoraTrainer trainer = model.resume(GoldenFiles.adapter(directory.resolve("initial")))) {
            Path gradients = directory.resolve("grads_step0.safetensors");
            double gradientError = Double.NaN;
            for (int step = 0; step < run.path("steps").asInt(); step++) {
                int first = step * accumulation;
                List<TrainingSequence> sequences = IntStream.range(first, first + accumulation)
                        .boxed()
                        .flatMap(i -> batches.batch(i).stream())
                        .toList();
                StepOptions options = options(run, schedule.at(step), batches.size());
                Optional<AdapterWeights> gradient = step == 0 && Files.exists(gradients)
                        ? Optional.of(trainer.gradient(sequences, options))
                        : Optional.empty();
                StepResult result = trainer.step(sequences, options);
                if (gradient.isPresent()) {
                    gradientError = worst(clipped(gradient.get(), result, options), GoldenFiles.pairs(gradients));
                }
                steps.add(result);
                rates.add(options.learningRate());
            }
            double finalError = worst(
                    trainer.weights().modules(),
                    GoldenFiles.adapter(directory.resolve("final")).modules());
            return new GoldenRun(run, List.copyOf(steps), List.copyOf(rates), gradientError, finalError);
        }
    }

    double lossError() {
        return worst("losses", steps.stream().map(StepResult::loss).toList());
    }

    double normError() {
        return worst("grad_norms", steps.stream().map(StepResult::gradNorm).toList());
    }

    double rateError() {
        return worst("lrs", rates);
    }

    private double worst(String field, List<Double> actual) {
        JsonNode expected = run.path(field);
        double worst = expected.size() == actual.size() ? 0 : Double.POSITIVE_INFINITY;
        for (int i = 0; i < Math.min(expected.size(), actual.size()); i++) {
            double e = expected.get(i).asDouble();
            worst = Math.max(worst, e == actual.get(i) ? 0 : Math.abs(actual.get(i) - e) / Math.abs(e));
        }
        return worst;
    }

    private static LearningRateSchedule schedule(JsonNode run) {
        return new LearningRateSchedule(
                LearningRateSchedule.Shape.valueOf(
                        run.path("scheduler").asText().toUpperCase(Locale.ROOT)),
                run.path("lr").asDouble(),
                run.path("warmup").asLong(),
                run.path("steps").asLong());
    }

    private static StepOptions options(JsonNode run, double rate, int microBatch) {
        return new StepOptions(
                rate,
                run.path("betas").get(0).asDouble(),
                run.path("betas").get(1).asDouble(),
                run.path("eps").asDouble(),
                run.path("weight_decay").asDouble(),
                run.hasNonNull("clip") ? OptionalDouble.of(run.path("clip").asDouble()) : OptionalDouble.empty(),
                OptionalLong.empty(),
                OptionalDouble.empty(),
                microBatch);
    }

    /** The reference's gradients are those that the optimizer saw. */
    private static Map<String, LoraPair> clipped(AdapterWeights gradient, StepResult result, StepOptions options) {
        double factor =
                options.clip().isPresent() ? Math.min(1, options.clip().getAsDouble() / (result.gradNorm() + 1e-6)) : 1;
        Map<String, LoraPair> clipped = new TreeMap<>();
        gradient.modules()
                .forEach((path, p) -> clipped.put(
                        path, new LoraPair(p.rank(), p.in(), p.out(), times(p.a(), factor), times(p.b(), factor))));
        return clipped;
    }

    private static float[] times(float[] values, double factor) {
        float[] product = values.clone();
        for (int i = 0; i < product.length; i++) {
            product[i] *= (float) factor;
        }
        return product;
    }

    /** Largest Frobenius distance of a tensor, relative to its norm. */
    private static double worst(Map<String, LoraPair> actual, Map<String, LoraPair> expected) {
        if (!actual.keySet().equals(expected.keySet())) {
            return Double.POSITIVE_INFINITY;
        }
        return expected.entrySet().stream()
                .mapToDouble(e -> Math.max(
                        distance(actual.get(e.getKey()).a(), e.getValue().a()),
                        distance(actual.get(e.getKey()).b(), e.getValue().b())))
                .max()
                .orElse(Double.POSITIVE_INFINITY);
    }

    private static double distance(float[] actual, float[] expected) {
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < expected.length; i++) {
            double d = (double) actual[i] - expected[i];
            difference += d * d;
            norm += (double) expected[i] * expected[i];
        }
        return difference == 0 ? 0 : Math.sqrt(difference / norm);
    }

    /** Micro-batches in the order they were made, used round and round. */
    private record Batches(List<List<TrainingSequence>> all) {
        static Batches read(Path path) {
            try (SafetensorsFile file = SafetensorsFile.open(path)) {
                List<Long> shape = file.info("input_ids").shape();
                int sequences = shape.get(1).intValue();
                int length = shape.get(2).intValue();
                long[] ids = file.longs("input_ids");
                long[] lengths = file.longs("lengths");
                long[] prompts = file.longs("prompt_lengths");
                List<List<TrainingSequence>> all = new ArrayList<>();
                for (int u = 0; u < shape.get(0); u++) {
                    List<TrainingSequence> batch = new ArrayList<>();
                    for (int s = u * sequences; s < (u + 1) * sequences; s++) {
                        batch.add(sequence(ids, s * length, (int) lengths[s], (int) prompts[s]));
                    }
                    all.add(List.copyOf(batch));
                }
                return new Batches(List.copyOf(all));
            }
        }

        private static TrainingSequence sequence(long[] ids, int from, int length, int prompt) {
            int[] tokens = new int[length];
            boolean[] labelled = new boolean[length];
            for (int i = 0; i < length; i++) {
                tokens[i] = (int) ids[from + i];
                labelled[i] = i >= prompt;
            }
            return new TrainingSequence(tokens, labelled, 1, false);
        }

        List<TrainingSequence> batch(int i) {
            return all.get(i % all.size());
        }

        int size() {
            return all.get(0).size();
        }
    }
}
