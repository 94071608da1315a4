package io.millrace.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.management.OperatingSystemMXBean;
import io.millrace.core.AdapterWeights;
import io.millrace.core.BaseDescription;
import io.millrace.core.LoraConfig;
import io.millrace.core.LoraPair;
import io.millrace.core.ModuleShape;
import io.millrace.engine.DType;
import io.millrace.engine.base.RandomBase;
import io.millrace.engine.decode.DecodeOptions;
import io.millrace.engine.decode.EmbeddedGenerator;
import io.millrace.engine.decode.Generation;
import io.millrace.engine.decode.GenerationRequest;
import io.millrace.engine.decode.GenerationRequest.WeightedAdapter;
import io.millrace.engine.decode.LoadedAdapter;
import io.millrace.engine.torch.TorchRuntime;
import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicLong;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** How fast a full batch decodes, on the base alone and with a different adapter in each row, prefill included. */
@Command(
        name = "decode",
        mixinStandardHelpOptions = true,
        description = "New tokens a second of a batch, without and with adapters (each row its own, in turn).")
public final class DecodeBench implements Callable<Integer> {
    /** The JVM compiles its kernels in the first run and may still do so in the second. */
    private static final int WARM_UP = 2;

    @Spec
    private CommandSpec spec;

    @Mixin
    private EngineOptions engine;

    @Option(names = "--batch", defaultValue = "8", description = "Rows (${DEFAULT-VALUE}).")
    private int batch;

    @Option(
            names = "--adapters",
            defaultValue = "8",
            description = "Different adapters; 0: the base only (${DEFAULT-VALUE}).")
    private int adapters;

    @Option(
            names = "--rank",
            defaultValue = "16",
            description = "Of the adapters, on all seven linears (${DEFAULT-VALUE}).")
    private int rank;

    @Option(names = "--prompt", defaultValue = "64", description = "Prompt tokens of a row (${DEFAULT-VALUE}).")
    private int prompt;

    @Option(names = "--new", defaultValue = "64", description = "New tokens of a row (${DEFAULT-VALUE}).")
    private int newTokens;

    @Option(
            names = "--repeat",
            defaultValue = "3",
            description = "Measured runs, after two to warm up (${DEFAULT-VALUE}).")
    private int repeat;

    @Override
    public Integer call() throws Exception {
        TorchRuntime torch = engine.start();
        BaseDescription description = BenchShapes.named(engine.shape());
        for (DType dtype : engine.dtypes()) {
            DecodeOptions options = DecodeOptions.of(dtype)
                    .ignoringEndOfText()
                    .withRows(batch)
                    .withCacheTokens(Math.max(16_384, batch * (prompt + newTokens + 128)));
            try (RandomBase base = new RandomBase(description, 1);
                    EmbeddedGenerator generator = EmbeddedGenerator.start(torch, base, options, () -> 1)) {
                measure(generator, torch, description, dtype, List.of());
                if (adapters > 0) {
                    List<LoadedAdapter> loaded = new ArrayList<>();
                    for (int i = 0; i < adapters; i++) {
                        loaded.add(generator.load(adapter(description, i)));
                    }
                    measure(generator, torch, description, dtype, loaded);
                    loaded.forEach(LoadedAdapter::close);
                }
            }
        }
        return 0;
    }

    private void measure(
            EmbeddedGenerator generator,
            TorchRuntime torch,
            BaseDescription description,
            DType dtype,
            List<LoadedAdapter> loaded)
            throws Exception {
        for (int i = 0; i < WARM_UP; i++) {
            run(generator, description, loaded);
        }
        double[] tokensPerSecond = new double[repeat];
        double[] stepMillis = new double[repeat];
        double[] prefillMillis = new double[repeat];
        double[] cpuMillis = new double[repeat];
        for (int i = 0; i < repeat; i++) {
            Timing timing = run(generator, description, loaded);
            tokensPerSecond[i] = batch * newTokens / timing.seconds();
            stepMillis[i] = 1000 * (timing.seconds() - timing.prefillSeconds()) / Math.max(1, newTokens - 1);
            prefillMillis[i] = 1000 * timing.prefillSeconds();
            cpuMillis[i] = 1000 * timing.cpuSeconds() / (batch * newTokens);
        }
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("bench", "decode");
        line.put("shape", engine.shape());
        line.put("device", torch.device().toString());
        line.put("dtype", dtype.label());
        line.put("threads", torch.threads());
        line.put("batch", batch);
        line.put("adapters", loaded.size());
        line.put("rank", loaded.isEmpty() ? 0 : rank);
        line.put("prompt", prompt);
        line.put("new", newTokens);
        line.put("new_tokens_per_s", round(median(tokensPerSecond)));
        line.put(
                "new_tokens_per_s_best",
                round(Arrays.stream(tokensPerSecond).max().orElse(0)));
        line.put("ms_per_step", round(median(stepMillis)));
        line.put("prefill_ms", round(median(prefillMillis)));
        line.put("cpu_ms_per_token", round(median(cpuMillis)));
        line.put("peak_rss_mb", ProcessMemory.peakRssMb());
        PrintWriter out = spec.commandLine().getOut();
        out.println(new ObjectMapper().writeValueAsString(line));
        out.flush();
    }

    /** All rows at once; the prefill ends when the last row has its first token. */
    private Timing run(EmbeddedGenerator generator, BaseDescription description, List<LoadedAdapter> loaded) {
        OperatingSystemMXBean process = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        AtomicLong prefilled = new AtomicLong();
        long cpu = process.getProcessCpuTime();
        long start = System.nanoTime();
        List<Generation> rows = new ArrayList<>();
        for (int i = 0; i < batch; i++) {
            int[] ids = new SplittableRandom(i)
                    .ints(prompt, 0, description.vocabSize())
                    .toArray();
            List<WeightedAdapter> mix =
                    loaded.isEmpty() ? List.of() : List.of(new WeightedAdapter(loaded.get(i % loaded.size()), 1));
            int[] seen = {0};
            rows.add(generator.submit(GenerationRequest.greedy(ids, mix, newTokens), token -> {
                if (seen[0]++ == 0) {
                    prefilled.set(System.nanoTime());
                }
            }));
        }
        rows.forEach(row -> row.result().join());
        return new Timing(
                (System.nanoTime() - start) / 1e9,
                (prefilled.get() - start) / 1e9,
                (process.getProcessCpuTime() - cpu) / 1e9);
    }

    private AdapterWeights adapter(BaseDescription base, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        Map<String, LoraPair> modules = new HashMap<>();
        for (ModuleShape module : base.linearModules()) {
            modules.put(
                    module.path(),
                    new LoraPair(
                            rank,
                            module.in(),
                            module.out(),
                            random(random, rank * module.in(), 0.02f),
                            random(random, module.out() * rank, 0.003f)));
        }
        return AdapterWeights.of(LoraConfig.of(rank, 2.0 * rank, 0, Set.copyOf(LoraConfig.ALL_LINEAR)), modules);
    }

    private static float[] random(SplittableRandom random, int count, float size) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) (random.nextDouble() * 2 - 1) * size;
        }
        return values;
    }

    private static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted.length % 2 == 1
                ? sorted[sorted.length / 2]
                : (sorted[sorted.length / 2 - 1] + sorted[sorted.length / 2]) / 2;
    }

    private static double round(double value) {
        return Math.round(value * 100) / 100.0;
    }

    private record Timing(double seconds, double prefillSeconds, double cpuSeconds) {}
}
