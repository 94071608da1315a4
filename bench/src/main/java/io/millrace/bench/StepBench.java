package io.millrace.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.management.OperatingSystemMXBean;
import io.millrace.core.BaseDescription;
import io.millrace.core.BaseDescription.Quantisation;
import io.millrace.core.LoraConfig;
import io.millrace.engine.DType;
import io.millrace.engine.base.RandomBase;
import io.millrace.engine.text.TrainingSequence;
import io.millrace.engine.torch.ComputeThread;
import io.millrace.engine.torch.TorchRuntime;
import io.millrace.engine.train.AdapterTrainer;
import io.millrace.engine.train.BackwardMode;
import io.millrace.engine.train.StepOptions;
import io.millrace.engine.train.TrainingModel;
import io.millrace.engine.train.TrainingModels;
import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Speed and memory of training steps on a base with random weights; every token but the first of a row is labelled. */
@Command(
        name = "step",
        mixinStandardHelpOptions = true,
        description = "Training steps of one adapter on all seven linears: tokens a second and peak memory.")
public final class StepBench implements Callable<Integer> {
    private static final int WARM_UP = 2;
    private static final double LEARNING_RATE = 1e-4;

    @Spec
    private CommandSpec spec;

    @Mixin
    private EngineOptions engine;

    @Option(names = "--base", defaultValue = "nf4", split = ",", description = "nf4, dense or both (${DEFAULT-VALUE}).")
    private List<String> bases;

    @Option(names = "--batch", defaultValue = "4", description = "Sequences of a step (${DEFAULT-VALUE}).")
    private int batch;

    @Option(names = "--seq", defaultValue = "128", description = "Tokens of a sequence (${DEFAULT-VALUE}).")
    private int length;

    @Option(names = "--rank", defaultValue = "16", description = "Of the adapter (${DEFAULT-VALUE}).")
    private int rank;

    @Option(names = "--dropout", defaultValue = "0", description = "Of the adapter's inputs (${DEFAULT-VALUE}).")
    private double dropout;

    @Option(
            names = "--steps",
            defaultValue = "8",
            description = "Measured steps, after two to warm up (${DEFAULT-VALUE}).")
    private int steps;

    @Option(names = "--recompute", description = "Keep only each block's input: slower, less memory.")
    private boolean recompute;

    @Override
    public Integer call() throws Exception {
        TorchRuntime torch = engine.start();
        return ComputeThread.call(() -> measure(torch));
    }

    private int measure(TorchRuntime torch) throws Exception {
        for (String base : bases) {
            Quantisation quantisation = Quantisation.valueOf(base.toUpperCase(Locale.ROOT));
            BaseDescription description = BenchShapes.named(engine.shape(), quantisation);
            for (DType dtype : engine.dtypes()) {
                measure(torch, description, dtype);
            }
        }
        return 0;
    }

    private void measure(TorchRuntime torch, BaseDescription description, DType dtype) throws Exception {
        BackwardMode mode = recompute ? BackwardMode.RECOMPUTE : BackwardMode.KEEP_ACTIVATIONS;
        LoraConfig config = LoraConfig.of(rank, 2.0 * rank, dropout, Set.copyOf(LoraConfig.ALL_LINEAR));
        List<TrainingSequence> sequences = sequences(description.vocabSize());
        double[] millis = new double[steps];
        double loss = 0;
        long cpu = 0;
        OperatingSystemMXBean process = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        ProcessMemory.resetPeak();
        try (RandomBase base = new RandomBase(description, 1);
                TrainingModel model = TrainingModels.load(torch, base, dtype, mode);
                AdapterTrainer trainer = model.create(config, 1)) {
            for (int i = -WARM_UP; i < steps; i++) {
                long start = System.nanoTime();
                cpu = i == 0 ? process.getProcessCpuTime() : cpu;
                StepOptions options = StepOptions.of(LEARNING_RATE, batch).withDropoutSeed(i);
                loss = trainer.step(sequences, options).loss();
                if (i >= 0) {
                    millis[i] = (System.nanoTime() - start) / 1e6;
                }
            }
        }
        long peak = ProcessMemory.peakRssMb();
        double cpuMillis = (process.getProcessCpuTime() - cpu) / 1e6 / steps;
        int tokens = batch * length;
        double products = StepProducts.milliseconds(torch, description, dtype, tokens, batch * (length - 1));
        print(torch, description, dtype, millis, cpuMillis, loss, peak, products);
    }

    private void print(
            TorchRuntime torch,
            BaseDescription description,
            DType dtype,
            double[] millis,
            double cpuMillis,
            double loss,
            long peak,
            double products)
            throws Exception {
        double[] sorted = millis.clone();
        Arrays.sort(sorted);
        double median = (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]) / 2;
        double tokens = (double) batch * length;
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("bench", "step");
        line.put("shape", engine.shape());
        line.put("device", torch.device().toString());
        line.put("dtype", dtype.label());
        line.put("base", description.quantisation().name().toLowerCase(Locale.ROOT));
        line.put("batch", batch);
        line.put("seq", length);
        line.put("rank", rank);
        line.put("threads", torch.threads());
        line.put("steps", steps);
        line.put("recompute", recompute);
        line.put("tokens_per_s_median", round(1000 * tokens / median));
        line.put("tokens_per_s_best", round(1000 * tokens / sorted[0]));
        line.put("peak_rss_mb", peak);
        line.put("loss", loss);
        line.put("step_ms", round(median));
        line.put("cpu_ms_per_step", round(cpuMillis));
        line.put("matmul_ms", round(products));
        line.put("step_over_matmul", round(sorted[0] / products));
        PrintWriter out = spec.commandLine().getOut();
        out.println(new ObjectMapper().writeValueAsString(line));
        out.flush();
    }

    private List<TrainingSequence> sequences(int vocabulary) {
        List<TrainingSequence> sequences = new ArrayList<>();
        boolean[] labelled = new boolean[length];
        Arrays.fill(labelled, true);
        for (int i = 0; i < batch; i++) {
            int[] ids = new SplittableRandom(i).ints(length, 0, vocabulary).toArray();
            sequences.add(new TrainingSequence(ids, labelled, 1, false));
        }
        return sequences;
    }

    private static double round(double value) {
        return Math.round(value * 100) / 100.0;
    }
}
