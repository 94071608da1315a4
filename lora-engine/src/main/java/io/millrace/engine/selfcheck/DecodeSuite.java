package io.millrace.engine.selfcheck;

import io.millrace.core.BaseDescription.Quantisation;
import io.millrace.core.safetensors.SafetensorsFile;
import io.millrace.engine.DType;
import io.millrace.engine.base.Base;
import io.millrace.engine.base.Bases;
import io.millrace.engine.compose.WeightedSum;
import io.millrace.engine.decode.DecodeOptions;
import io.millrace.engine.decode.EmbeddedGenerator;
import io.millrace.engine.decode.Generation;
import io.millrace.engine.decode.GenerationRequest;
import io.millrace.engine.decode.GenerationRequest.WeightedAdapter;
import io.millrace.engine.torch.TorchRuntime;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * What the serving engine generates greedily, with its cache and its run-time sums: the greedy tokens of {@code logits/}
 * and {@code compose/}, the latter's mixes each alone and all in one batch.
 */
public final class DecodeSuite implements GoldenSuite {
    private static final String SUFFIX = ".safetensors";
    private static final String GREEDY_IDS = "greedy_ids";

    private final TorchRuntime torch;

    public DecodeSuite(TorchRuntime torch) {
        this.torch = torch;
    }

    @Override
    public List<GoldenCase> cases(Path goldenDirectory) {
        List<GoldenCase> cases = new ArrayList<>();
        for (Path file : GoldenFiles.list(goldenDirectory.resolve("logits"))) {
            if (file.getFileName().toString().endsWith(SUFFIX)) {
                cases.add(logitsCase(goldenDirectory, file));
            }
        }
        if (Files.exists(ComposeSuite.expected(goldenDirectory))) {
            List<String> mixes = mixes(goldenDirectory);
            for (String mix : mixes) {
                cases.add(new Check("decode/compose " + mix, () -> compose(goldenDirectory, List.of(mix))));
            }
            cases.add(new Check("decode/compose all in one batch", () -> compose(goldenDirectory, mixes)));
        }
        return List.copyOf(cases);
    }

    private GoldenCase logitsCase(Path golden, Path file) {
        String model = file.getFileName().toString().replace(SUFFIX, "");
        Path directory = golden.resolve("models").resolve(model);
        String name = "decode/" + model;
        return GoldenFiles.unsupportedModel(directory)
                .<GoldenCase>map(reason -> Check.skipped(name, reason))
                .orElseGet(() -> new Check(name, () -> with(directory, generator -> greedy(generator, file))));
    }

    private static GoldenCase.Outcome greedy(EmbeddedGenerator generator, Path path) {
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            int[] ids = LogitsSuite.ints(file.longs(GREEDY_IDS));
            int prompt = LogitsSuite.promptTokens(file, ids);
            return outcome(List.of(submit(generator, ids, prompt, List.of())), List.of(ids), prompt);
        }
    }

    private GoldenCase.Outcome compose(Path golden, List<String> mixes) {
        return with(ComposeSuite.model(golden), generator -> {
            try (SafetensorsFile file = SafetensorsFile.open(ComposeSuite.expected(golden))) {
                int prompt = ComposeSuite.promptTokens(file);
                List<int[]> expected = new ArrayList<>();
                List<Generation> generations = new ArrayList<>();
                List<WeightedAdapter> used = new ArrayList<>();
                for (String mix : mixes) {
                    int[] ids = LogitsSuite.ints(file.longs(ComposeSuite.GREEDY + mix));
                    expected.add(ids);
                    List<WeightedAdapter> adapters = loaded(generator, golden, mix);
                    used.addAll(adapters);
                    generations.add(submit(generator, ids, prompt, adapters));
                }
                GoldenCase.Outcome outcome = outcome(generations, expected, prompt);
                used.forEach(weighted -> weighted.adapter().close());
                return outcome;
            }
        });
    }

    private static List<WeightedAdapter> loaded(EmbeddedGenerator generator, Path golden, String mix) {
        List<WeightedAdapter> loaded = new ArrayList<>();
        for (WeightedSum.Part part :
                GoldenMix.named(golden.resolve("compose"), mix).parts()) {
            loaded.add(new WeightedAdapter(generator.load(part.adapter()), (float) part.weight()));
        }
        return loaded;
    }

    private static Generation submit(
            EmbeddedGenerator generator, int[] ids, int promptTokens, List<WeightedAdapter> mix) {
        int[] prompt = Arrays.copyOf(ids, promptTokens);
        return generator.submit(GenerationRequest.greedy(prompt, mix, ids.length - promptTokens), token -> {});
    }

    private static GoldenCase.Outcome outcome(List<Generation> generations, List<int[]> expected, int promptTokens) {
        long different = 0;
        long tokens = 0;
        for (int i = 0; i < expected.size(); i++) {
            int[] ids = expected.get(i);
            List<Generation.Token> ours = generations.get(i).result().join().tokens();
            tokens += ours.size();
            different += IntStream.range(0, ours.size())
                    .filter(t -> ours.get(t).id() != ids[promptTokens + t])
                    .count();
        }
        return new GoldenCase.Outcome.Measured(different, 0, "tokens that differ, of " + tokens);
    }

    private GoldenCase.Outcome with(Path directory, Function<EmbeddedGenerator, GoldenCase.Outcome> measure) {
        Optional<String> unsupported = GoldenFiles.unsupportedModel(directory);
        if (unsupported.isPresent()) {
            return new GoldenCase.Outcome.Skipped(unsupported.get());
        }
        DecodeOptions options = DecodeOptions.of(DType.F32).ignoringEndOfText().withPrefillChunk(5);
        try (Base base = Bases.openDirectory(directory, Quantisation.DENSE);
                EmbeddedGenerator generator = EmbeddedGenerator.start(torch, base, options, () -> 0)) {
            return measure.apply(generator);
        }
    }

    private static List<String> mixes(Path golden) {
        try (SafetensorsFile file = SafetensorsFile.open(ComposeSuite.expected(golden))) {
            return file.tensors().keySet().stream()
                    .filter(name -> name.startsWith(ComposeSuite.GREEDY))
                    .map(name -> name.substring(ComposeSuite.GREEDY.length()))
                    .toList();
        }
    }
}
