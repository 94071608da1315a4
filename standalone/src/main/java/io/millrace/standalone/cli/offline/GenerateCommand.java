package io.millrace.standalone.cli.offline;

import io.millrace.core.ChatMessage;
import io.millrace.engine.DType;
import io.millrace.engine.base.Base;
import io.millrace.engine.compose.WeightedSum;
import io.millrace.engine.decode.DecodeOptions;
import io.millrace.engine.decode.EmbeddedGenerator;
import io.millrace.engine.decode.Generation;
import io.millrace.engine.decode.GenerationRequest;
import io.millrace.engine.torch.TorchRuntime;
import io.millrace.standalone.cli.AnswerOptions;
import io.millrace.standalone.cli.BaseOptions;
import io.millrace.standalone.cli.Out;
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
public final class GenerateCommand implements Runnable {
    @Mixin
    private Out out;

    @Mixin
    private BaseOptions base;

    @Mixin
    private AnswerOptions answer;

    @Mixin
    private AdapterSum adapters;

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
            List<WeightedSum.Part> parts = adapters.read(opened.description());
            TorchRuntime torch = TorchRuntime.start(base.device(), base.threads());
            DecodeOptions options = DecodeOptions.of(DType.parse(base.dtype())).withRows(1);
            try (EmbeddedGenerator generator =
                            EmbeddedGenerator.start(torch, opened, options, ThreadLocalRandom.current()::nextLong);
                    LoadedSum sum = new LoadedSum(generator, parts)) {
                show(generator.submit(request(opened, sum), token -> out.part(token.text())));
            }
        }
    }

    private GenerationRequest request(Base opened, LoadedSum sum) {
        int[] ids = raw
                ? opened.prompts().plain(prompt)
                : opened.prompts().chat(List.of(ChatMessage.of("user", prompt)), List.of());
        OptionalLong drawnFrom = seed.map(OptionalLong::of).orElseGet(OptionalLong::empty);
        return new GenerationRequest(
                ids, sum.adapters(), answer.maxTokens(), stop, answer.temperature(), topP, drawnFrom, false, 0);
    }

    private void show(Generation generation) {
        Generation.Result result = generation.result().join();
        out.line("");
        out.result(Map.of(
                "text", result.text(),
                "finish_reason", result.finishReason().name().toLowerCase(Locale.ROOT),
                "prompt_tokens", result.promptTokens(),
                "new_tokens", result.tokens().size()));
    }
}
