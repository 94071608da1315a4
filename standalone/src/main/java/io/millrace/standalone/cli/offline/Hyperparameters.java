package io.millrace.standalone.cli.offline;

import io.millrace.core.AdapterSettings;
import io.millrace.engine.train.FineTuning;
import io.millrace.engine.train.LearningRateSchedule;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Option;

/** How an adapter is trained on a file. What `adapters set` knows has its values and defaults. */
final class Hyperparameters {
    private static final String AS_SET = "As `adapters set` has it.";

    @Option(names = "--rank", paramLabel = "N", description = AS_SET)
    private Optional<String> rank;

    @Option(names = "--alpha", paramLabel = "N", description = AS_SET + " Default: twice the rank")
    private Optional<String> alpha;

    @Option(names = "--dropout", paramLabel = "P", description = AS_SET)
    private Optional<String> dropout;

    @Option(names = "--targets", paramLabel = "MODULES", description = AS_SET)
    private Optional<String> targets;

    @Option(names = "--lr", paramLabel = "RATE", description = "Its peak. " + AS_SET)
    private Optional<String> learningRate;

    @Option(names = "--clip", paramLabel = "NORM", description = AS_SET)
    private Optional<String> clip;

    @Option(names = "--max-length", paramLabel = "TOKENS", description = AS_SET)
    private Optional<String> maxLength;

    @Option(names = "--batch", paramLabel = "N", description = "Examples of one step. Default: 8")
    private Optional<String> batch;

    @Option(
            names = "--schedule",
            paramLabel = "SHAPE",
            defaultValue = "linear",
            description = "Of the learning rate after the warm-up: constant, linear, cosine. Default: ${DEFAULT-VALUE}")
    private LearningRateSchedule.Shape shape;

    @Option(
            names = "--warmup-steps",
            paramLabel = "N",
            description = "In which the learning rate rises. Default: a tenth of all, 20 at most")
    private Optional<Integer> warmupSteps;

    @Option(
            names = "--epochs",
            paramLabel = "N",
            defaultValue = "3",
            description = "Passes over the file, at most. Default: ${DEFAULT-VALUE}")
    private int epochs;

    @Option(
            names = "--patience",
            paramLabel = "N",
            defaultValue = "1",
            description = "Training ends after that many passes without a lower loss of what is held out."
                    + " Default: ${DEFAULT-VALUE}")
    private int patience;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "0",
            description = "Of what is drawn. Default: ${DEFAULT-VALUE}")
    private long seed;

    /** @throws io.millrace.core.MillraceException {@code bad_setting} */
    AdapterSettings settings() {
        Map<String, String> given = new LinkedHashMap<>();
        rank.ifPresent(value -> given.put("rank", value));
        alpha.or(() -> rank.map(Hyperparameters::twice)).ifPresent(value -> given.put("alpha", value));
        dropout.ifPresent(value -> given.put("dropout", value));
        targets.ifPresent(value -> given.put("targets", value));
        learningRate.ifPresent(value -> given.put("lr", value));
        clip.ifPresent(value -> given.put("clip", value));
        maxLength.ifPresent(value -> given.put("max-length", value));
        batch.ifPresent(value -> given.put("micro-batch", value));
        return AdapterSettings.of(given);
    }

    /** Of what is a number; the rank itself says what else is wrong. */
    private static String twice(String rank) {
        return rank.matches("[0-9]{1,6}") ? String.valueOf(2 * Integer.parseInt(rank)) : rank;
    }

    FineTuning.Options options(AdapterSettings settings, double defaultLearningRate) {
        return new FineTuning.Options(
                epochs,
                settings.microBatch(),
                shape,
                settings.learningRate().orElse(defaultLearningRate),
                warmupSteps,
                settings.clip(),
                patience,
                seed);
    }

    long seed() {
        return seed;
    }
}
