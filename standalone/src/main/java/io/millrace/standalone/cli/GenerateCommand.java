package io.millrace.standalone.cli;

import io.millrace.core.AdapterWeights;
import io.millrace.core.ChatMessage;
import io.millrace.core.peft.PeftDirectory;
import io.millrace.engine.DType;
import io.millrace.engine.base.Base;
import io.millrace.engine.decode.DecodeOptions;
import io.millrace.engine.decode.EmbeddedGenerator;
import io.millrace.engine.decode.Generation;
import io.millrace.engine.decode.GenerationRequest;
import io.millrace.engine.decode.GenerationRequest.WeightedAdapter;
import io.millrace.engine.decode.LoadedAdapter;
import io.millrace.engine.torch.TorchRuntime;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ThreadLocalRandom;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "generate",
        description = "Answers one prompt without a running system: a base with the weighted sum of adapters"
                + " that lie in PEFT directories.",
        mixinStandardHelpOptions = true)
final class GenerateCommand implements Runnable {
    @Mixin
    private Out out;

    @Mixin
    private BaseOptions base;

    @Mixin
    private AnswerOptions answer;

    @Option(
            names = "--adapter",
            paramLabel = "DIR[=W]",
            converter = WeightedDirectory.Reader.class,
            description = "A PEFT directory and its weight (1 where none is given); may be given several times.")
    private List<WeightedDirectory> adapters = List.of();

    @Option(
            names = "--top-p",
            paramLabel = "P",
            defaultValue = "1",
            description = "Of the probability that tokens are drawn from. Default: ${DEFAULT-VALUE}")
    private double topP;

    @Option(names = "--seed", paramLabel = "N", description = "Of what is drawn. Default: another one each time.")
    private Optional<Long> seed;

    @Option(
            names = "--stop",
            paramLabel = "TEXT",
            description = "The answer ends before it; may be given several times.")
    private List<String> stop = List.of();

    @Option(names = "--raw", description = "The prompt as it is, also where the base has a chat template.")
    private boolean raw;

    @Parameters(paramLabel = "PROMPT", description = "What to answer.")
    private String prompt;

    @Override
    public void run() {
        try (Base opened = base.choose(out::note).open()) {
            // Before the base is brought to the device: what is wrong with them is said at once.
            List<AdapterWeights> weights = adapters.stream()
                    .map(adapter -> PeftDirectory.read(adapter.directory(), opened.description()))
                    .toList();
            TorchRuntime torch = TorchRuntime.start(base.device(), base.threads());
            DecodeOptions options = DecodeOptions.of(DType.parse(base.dtype())).withRows(1);
            try (EmbeddedGenerator generator =
                    EmbeddedGenerator.start(torch, opened, options, ThreadLocalRandom.current()::nextLong)) {
                List<LoadedAdapter> loaded = new ArrayList<>();
                try {
                    weights.forEach(w -> loaded.add(generator.load(w)));
                    answer(generator, request(opened, loaded));
                } finally {
                    loaded.forEach(LoadedAdapter::close);
                }
            }
        }
    }

    private GenerationRequest request(Base opened, List<LoadedAdapter> loaded) {
        List<WeightedAdapter> sum = new ArrayList<>();
        for (int i = 0; i < loaded.size(); i++) {
            sum.add(new WeightedAdapter(loaded.get(i), adapters.get(i).weight()));
        }
        int[] ids = raw
                ? opened.prompts().plain(prompt)
                : opened.prompts().chat(List.of(ChatMessage.of("user", prompt)), List.of());
        OptionalLong drawnFrom = seed.map(OptionalLong::of).orElseGet(OptionalLong::empty);
        return new GenerationRequest(
                ids, sum, answer.maxTokens(), stop, answer.temperature(), topP, drawnFrom, false, 0);
    }

    private void answer(EmbeddedGenerator generator, GenerationRequest request) {
        Generation generation = generator.submit(request, token -> out.part(token.text()));
        Generation.Result result = generation.result().join();
        out.line("");
        out.result(Map.of(
                "text", result.text(),
                "finish_reason", result.finishReason().name().toLowerCase(Locale.ROOT),
                "prompt_tokens", result.promptTokens(),
                "new_tokens", result.tokens().size()));
    }
}
