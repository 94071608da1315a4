package io.millrace.standalone.cli.offline;

import io.millrace.core.LoraConfig;
import io.millrace.engine.DType;
import io.millrace.engine.base.Base;
import io.millrace.engine.compose.WeightedSum;
import io.millrace.engine.decode.DecodeOptions;
import io.millrace.engine.decode.EmbeddedGenerator;
import io.millrace.engine.decode.Generation;
import io.millrace.engine.decode.GenerationRequest;
import io.millrace.engine.metrics.TextPair;
import io.millrace.engine.text.TrainingSequence;
import io.millrace.engine.torch.ComputeThread;
import io.millrace.engine.torch.TorchRuntime;
import io.millrace.engine.train.AdapterTrainer;
import io.millrace.engine.train.Evaluation;
import io.millrace.engine.train.TrainingModel;
import io.millrace.engine.train.TrainingModels;
import io.millrace.standalone.cli.BaseOptions;
import io.millrace.standalone.cli.Out;
import io.millrace.standalone.cli.Progress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "eval",
        description = "Measures a base, with the weighted sum of adapters that lie in PEFT directories, on a file of"
                + " examples: how well it knows the completions, and how near its own answers come to them.",
        mixinStandardHelpOptions = true)
public final class EvalCommand implements Runnable {
    private static final int ROWS = 8;

    @Mixin
    private Out out;

    @Mixin
    private BaseOptions base;

    @Mixin
    private AdapterSum adapters;

    @Option(
            names = "--max-length",
            paramLabel = "TOKENS",
            defaultValue = "512",
            description =
                    "Of prompt and completion together; longer prompts lose their beginning. Default: ${DEFAULT-VALUE}")
    private int maxLength;

    @Option(
            names = "--max-tokens",
            paramLabel = "N",
            defaultValue = "256",
            description = "Of an answer; 0: nothing is generated. Default: ${DEFAULT-VALUE}")
    private int maxTokens;

    @Parameters(
            paramLabel = "FILE",
            description = "JSONL as `push` takes it, or - for the standard input; \"adapter\" may be left out.")
    private String file;

    @Override
    public void run() {
        try (Base opened = base.choose(out::note).open()) {
            List<WeightedSum.Part> parts = adapters.read(opened.description());
            EncodedExamples examples = EncodedExamples.read(file, opened.exampleEncoder(), maxLength);
            examples.noteRepeated(out);
            List<TrainingSequence> sequences = examples.sequences();
            TorchRuntime torch = TorchRuntime.start(base.device(), base.threads());
            Map<String, Object> figures = new LinkedHashMap<>();
            figures.put("examples", sequences.size());
            figures.putAll(known(ComputeThread.call(() -> evaluate(torch, opened, parts, sequences))));
            List<Answerable> asked = sequences.stream()
                    .flatMap(s -> Answerable.of(s, opened.tokenizer()).stream())
                    .toList();
            if (maxTokens > 0 && !asked.isEmpty()) {
                figures.putAll(AnswerScores.of(answers(torch, opened, parts, asked)));
            }
            out.table(figures.entrySet().stream()
                    .map(figure -> List.of(figure.getKey(), shown(figure.getValue())))
                    .toList());
            out.result(figures);
        }
    }

    private static String shown(Object figure) {
        return figure instanceof Double number ? String.format(Locale.ROOT, "%.4f", number) : figure.toString();
    }

    private static Map<String, Object> known(Evaluation evaluation) {
        Map<String, Object> figures = new LinkedHashMap<>();
        figures.put("tokens", evaluation.tokens());
        figures.put("loss", evaluation.loss());
        figures.put("perplexity", evaluation.perplexity());
        figures.put("token_accuracy", evaluation.tokenAccuracy());
        figures.put("accuracy", evaluation.accuracy());
        return figures;
    }

    private Evaluation evaluate(
            TorchRuntime torch, Base opened, List<WeightedSum.Part> parts, List<TrainingSequence> sequences) {
        try (TrainingModel model = TrainingModels.load(torch, opened, DType.parse(base.dtype()));
                AdapterTrainer trainer = sum(model, parts)) {
            return Evaluation.of(trainer.scores(sequences, ROWS));
        }
    }

    /** A new adapter changes nothing yet, so it stands for the base alone. */
    private static AdapterTrainer sum(TrainingModel model, List<WeightedSum.Part> parts) {
        return parts.isEmpty() ? model.create(LoraConfig.defaults(), 0) : model.resume(WeightedSum.of(parts));
    }

    /** Greedy, in the examples' order. */
    private List<TextPair> answers(
            TorchRuntime torch, Base opened, List<WeightedSum.Part> parts, List<Answerable> asked) {
        DecodeOptions options =
                DecodeOptions.of(DType.parse(base.dtype())).withRows(ROWS).withQueue(asked.size());
        try (EmbeddedGenerator generator = EmbeddedGenerator.start(torch, opened, options, () -> 0);
                LoadedSum sum = new LoadedSum(generator, parts)) {
            return answers(generator, sum, asked);
        }
    }

    private List<TextPair> answers(EmbeddedGenerator generator, LoadedSum sum, List<Answerable> asked) {
        List<Generation> generations = asked.stream()
                .map(one -> generator.submit(
                        GenerationRequest.greedy(one.prompt(), sum.adapters(), maxTokens), token -> {}))
                .toList();
        Progress bar = new Progress("answers");
        List<TextPair> pairs = new ArrayList<>();
        for (int i = 0; i < asked.size(); i++) {
            String answer = generations.get(i).result().join().text();
            pairs.add(new TextPair(answer, asked.get(i).reference()));
            bar.update(pairs.size(), asked.size(), "");
        }
        bar.end();
        return pairs;
    }
}
