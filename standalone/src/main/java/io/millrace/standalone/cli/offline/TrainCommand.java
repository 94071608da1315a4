package io.millrace.standalone.cli.offline;

import io.millrace.core.AdapterSettings;
import io.millrace.core.BaseDescription;
import io.millrace.core.BaseDescription.Quantisation;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.core.peft.PeftDirectory;
import io.millrace.engine.DType;
import io.millrace.engine.base.Base;
import io.millrace.engine.text.TrainingSequence;
import io.millrace.engine.torch.ComputeThread;
import io.millrace.engine.torch.TorchRuntime;
import io.millrace.engine.train.Evaluation;
import io.millrace.engine.train.FineTuning;
import io.millrace.engine.train.StepResult;
import io.millrace.engine.train.TrainingModel;
import io.millrace.engine.train.TrainingModels;
import io.millrace.standalone.cli.BaseOptions;
import io.millrace.standalone.cli.Out;
import io.millrace.standalone.cli.Progress;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "train",
        description = "Trains an adapter on a file without a running system, and writes it as a PEFT directory.",
        mixinStandardHelpOptions = true)
public final class TrainCommand implements Runnable {
    private static final double MOST_HELD_OUT = 0.9;

    @Mixin
    private Out out;

    @Mixin
    private BaseOptions base;

    @Mixin
    private OutDirectory target;

    @Mixin
    private Hyperparameters hyperparameters;

    @Parameters(
            paramLabel = "FILE",
            description = "JSONL as `push` takes it, or - for the standard input; \"adapter\" may be left out.")
    private String file;

    @Option(
            names = "--method",
            paramLabel = "METHOD",
            description = "qlora: on a base in 4 bits. lora: on a dense one. Default: as the base is")
    private Optional<Method> method;

    @Option(
            names = "--validation",
            paramLabel = "SHARE",
            defaultValue = "0.1",
            description = "Of the examples, held out and never trained on; 0: none. Default: ${DEFAULT-VALUE}")
    private double validation;

    private enum Method {
        LORA,
        QLORA,
        FULL
    }

    /** What is trained on and what is measured with. */
    private record Split(List<TrainingSequence> training, List<TrainingSequence> heldOut) {}

    @Override
    public void run() {
        target.requireFree();
        AdapterSettings settings = hyperparameters.settings();
        if (!(validation >= 0 && validation <= MOST_HELD_OUT)) {
            throw new MillraceException(
                    ErrorCode.BAD_SETTING,
                    "--validation takes a share from 0 to " + MOST_HELD_OUT + ", not " + validation);
        }
        try (Base opened = base.choose(out::note).open()) {
            requireMethod(opened.description());
            EncodedExamples examples = EncodedExamples.read(file, opened.exampleEncoder(), settings.maxLength());
            examples.noteRepeated(out);
            settings.warnings().forEach(out::note);
            ComputeThread.call(() -> {
                train(opened, settings, split(examples.sequences()));
                return null;
            });
        }
    }

    private void requireMethod(BaseDescription description) {
        Method fitting = description.quantisation() == Quantisation.NF4 ? Method.QLORA : Method.LORA;
        if (method.filter(Method.FULL::equals).isPresent()) {
            throw new MillraceException(
                    ErrorCode.BAD_SETTING, "--method full isn't offered: a base never changes; use lora or qlora");
        }
        if (method.filter(asked -> asked != fitting).isPresent()) {
            throw new MillraceException(
                    ErrorCode.WRONG_BASE,
                    fitting == Method.QLORA
                            ? "this base is in 4 bits: use --method qlora, or get it with `base pull --dense`"
                            : "this base is dense: use --method lora, or get it without --dense");
        }
    }

    private Split split(List<TrainingSequence> sequences) {
        List<TrainingSequence> shuffled = new ArrayList<>(sequences);
        Collections.shuffle(shuffled, new Random(hyperparameters.seed()));
        int wanted = validation == 0 ? 0 : Math.max(1, (int) Math.round(validation * shuffled.size()));
        int heldOut = Math.min(wanted, shuffled.size() - 1);
        return new Split(shuffled.subList(heldOut, shuffled.size()), shuffled.subList(0, heldOut));
    }

    private void train(Base opened, AdapterSettings settings, Split split) {
        BaseDescription description = opened.description();
        TorchRuntime torch = TorchRuntime.start(base.device(), base.threads());
        try (TrainingModel model = TrainingModels.load(torch, opened, DType.parse(base.dtype()))) {
            long started = System.nanoTime();
            FineTuning.Options options = hyperparameters.options(settings, description.defaultLearningRate());
            FineTuning.Result result =
                    new FineTuning(model, settings.lora(), options, new Told()).run(split.training(), split.heldOut());
            PeftDirectory.writeTo(
                    target.path(),
                    PeftDirectory.files(result.weights(), description, target.name(), PeftDirectory.TRAINED_HERE));
            double seconds = (System.nanoTime() - started) / 1e9;
            out.line(String.format(
                    Locale.ROOT,
                    "the adapter of epoch %d is in %s; %d steps, %.0f s",
                    result.best().number(),
                    target.path(),
                    result.steps(),
                    seconds));
            out.result(report(result, split, settings, seconds));
        }
    }

    private Map<String, Object> report(
            FineTuning.Result result, Split split, AdapterSettings settings, double seconds) {
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("out", target.path().toString());
        report.put("rank", settings.lora().rank());
        report.put("training_examples", split.training().size());
        report.put("validation_examples", split.heldOut().size());
        report.put("steps", result.steps());
        report.put("epoch", result.best().number());
        report.put("epochs", result.epochs().stream().map(TrainCommand::line).toList());
        report.put("seconds", Math.round(seconds * 10) / 10.0);
        return report;
    }

    private static Map<String, Object> line(FineTuning.Epoch epoch) {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("epoch", epoch.number());
        line.put("training_loss", epoch.trainingLoss());
        epoch.heldOut().ifPresent(evaluation -> {
            line.put("validation_loss", evaluation.loss());
            line.put("validation_perplexity", evaluation.perplexity());
            line.put("validation_token_accuracy", evaluation.tokenAccuracy());
            line.put("validation_accuracy", evaluation.accuracy());
        });
        return line;
    }

    /** Shows a bar of steps, and a line an epoch. */
    private final class Told implements FineTuning.Listener {
        private final Progress bar = new Progress("steps");

        @Override
        public void stepped(long step, long steps, StepResult result) {
            bar.update(step, steps, String.format(Locale.ROOT, "loss %.3f", result.loss()));
        }

        @Override
        public void passed(FineTuning.Epoch epoch) {
            bar.end();
            out.line(String.format(Locale.ROOT, "epoch %d: training loss %.4f", epoch.number(), epoch.trainingLoss())
                    + epoch.heldOut().map(Told::shown).orElse("")
                    + (epoch.heldOut().isPresent() && epoch.best() ? " (best so far)" : ""));
        }

        private static String shown(Evaluation heldOut) {
            return String.format(
                    Locale.ROOT,
                    "; held out: loss %.4f, perplexity %.2f, tokens right %.3f, answers right %.3f",
                    heldOut.loss(),
                    heldOut.perplexity(),
                    heldOut.tokenAccuracy(),
                    heldOut.accuracy());
        }
    }
}
