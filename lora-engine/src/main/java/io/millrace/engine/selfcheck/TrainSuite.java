package io.millrace.engine.selfcheck;

import com.fasterxml.jackson.databind.JsonNode;
import io.millrace.core.BaseDescription.Quantisation;
import io.millrace.engine.DType;
import io.millrace.engine.base.Base;
import io.millrace.engine.base.Bases;
import io.millrace.engine.torch.TorchRuntime;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;

/** Whole training runs against PEFT's: {@code train/<run>/}. */
public final class TrainSuite implements GoldenSuite {
    private static final double MAX_LOSS = 1e-4;
    private static final double MAX_NORM = 1e-3;
    private static final double MAX_RATE = 1e-9;
    private static final double MAX_GRADIENT = 1e-4;
    private static final double MAX_FINAL = 3e-2;

    private final TorchRuntime torch;
    private final GoldenBases bases;

    public TrainSuite(TorchRuntime torch, GoldenBases bases) {
        this.torch = torch;
        this.bases = bases;
    }

    @Override
    public List<GoldenCase> cases(Path goldenDirectory) {
        return GoldenFiles.list(goldenDirectory.resolve("train")).stream()
                .filter(run -> Files.exists(run.resolve("run.json")))
                .flatMap(run -> casesOf(goldenDirectory, run))
                .toList();
    }

    private Stream<GoldenCase> casesOf(Path golden, Path directory) {
        String name = "train/" + directory.getFileName();
        JsonNode run = GoldenFiles.json(directory.resolve("run.json"));
        Optional<String> unsupported = unsupported(golden, directory, run);
        if (unsupported.isPresent()) {
            return Stream.of(Check.skipped(name, unsupported.get()));
        }
        Result result = new Result(golden, directory, run);
        List<GoldenCase> cases = new ArrayList<>();
        cases.add(result.check(name + " losses", MAX_LOSS, "relative, worst step", GoldenRun::lossError));
        cases.add(result.check(name + " gradient norms", MAX_NORM, "relative, worst step", GoldenRun::normError));
        cases.add(result.check(name + " learning rates", MAX_RATE, "relative, worst step", GoldenRun::rateError));
        if (Files.exists(directory.resolve("grads_step0.safetensors"))) {
            cases.add(result.check(
                    name + " first gradients", MAX_GRADIENT, "relative, worst tensor", GoldenRun::gradientError));
        }
        cases.add(result.check(name + " final adapter", MAX_FINAL, "relative, worst tensor", GoldenRun::finalError));
        return cases.stream();
    }

    private static Optional<String> unsupported(Path golden, Path directory, JsonNode run) {
        if (run.hasNonNull("lora_plus_ratio")) {
            return Optional.of("LoRA+ isn't supported yet");
        }
        Path model = golden.resolve(run.path("base").asText());
        Optional<String> family = Files.isDirectory(model) ? GoldenFiles.unsupportedModel(model) : Optional.empty();
        return family.or(() -> GoldenFiles.unsupportedAdapter(directory.resolve("initial")));
    }

    /** A run, trained when the first of its cases asks. */
    private final class Result {
        private final Path golden;
        private final Path directory;
        private final JsonNode run;
        private final List<GoldenRun> trained = new ArrayList<>();

        Result(Path golden, Path directory, JsonNode run) {
            this.golden = golden;
            this.directory = directory;
            this.run = run;
        }

        GoldenCase check(String name, double bound, String detail, Function<GoldenRun, Double> measure) {
            return new Check(name, () -> trained()
                    .<GoldenCase.Outcome>map(
                            done -> new GoldenCase.Outcome.Measured(measure.apply(done), bound, detail))
                    .orElseGet(() -> GoldenBases.notHere(run.path("base").asText())));
        }

        private Optional<GoldenRun> trained() {
            if (trained.isEmpty()) {
                Quantisation quantisation =
                        run.path("nf4_double_quant").asBoolean() ? Quantisation.NF4 : Quantisation.DENSE;
                Optional<Base> base = open(quantisation);
                if (base.isEmpty()) {
                    return Optional.empty();
                }
                try (Base open = base.get()) {
                    DType dtype = DType.parse(run.path("compute").asText());
                    trained.add(GoldenRun.train(torch, new ReferenceKernelBase(open), dtype, directory, run));
                }
            }
            return Optional.of(trained.get(0));
        }

        private Optional<Base> open(Quantisation quantisation) {
            String name = run.path("base").asText();
            Path model = golden.resolve(name);
            return Files.isDirectory(model)
                    ? Optional.of(Bases.openDirectory(model, quantisation))
                    : bases.open(name, quantisation);
        }
    }
}
