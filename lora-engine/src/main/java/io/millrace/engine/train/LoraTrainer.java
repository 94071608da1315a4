package io.millrace.engine.train;

import io.millrace.core.AdapterWeights;
import io.millrace.core.Digest;
import io.millrace.core.ErrorCode;
import io.millrace.core.LoraConfig;
import io.millrace.core.MillraceException;
import io.millrace.core.safetensors.SafetensorsWriter;
import io.millrace.engine.text.TrainingSequence;
import io.millrace.engine.torch.HostFloats;
import io.millrace.engine.torch.Tensor;
import io.millrace.engine.torch.TensorList;
import io.millrace.engine.torch.TensorScope;
import io.millrace.engine.torch.TorchModule;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;

/** Trains one adapter with AdamW on float32 weights. */
public final class LoraTrainer implements AdapterTrainer {
    private final LlamaTrainingModel model;
    private final LoraConfig config;
    private final AdapterLayout layout;
    private final TensorScope owned = new TensorScope();
    private final LoraParameters parameters;
    private final Tensor m;
    private final Tensor v;
    private final Tensor stepCount;
    private Optional<Tensor> average;
    private long step;
    private boolean closed;

    LoraTrainer(LlamaTrainingModel model, LoraConfig config, AdapterLayout layout, FlatState state) {
        this.model = model;
        this.config = config;
        this.layout = layout;
        this.step = state.step();
        this.parameters = new LoraParameters(model.torch(), model.maths(), layout, model.dtype(), state.weights());
        this.m = owned.own(moments(state.moments().map(FlatState.Moments::m)));
        this.v = owned.own(moments(state.moments().map(FlatState.Moments::v)));
        this.average = state.average().map(this::flat);
        this.stepCount = owned.own(model.torch().tensor(new float[] {step}, 1));
        model.adapterCame();
    }

    private Tensor moments(Optional<FlatValues> values) {
        return values.map(this::flat).orElseGet(() -> parameters.zeros(layout.size()));
    }

    private Tensor flat(FlatValues values) {
        return LoraParameters.flat(model.torch(), layout, values);
    }

    @Override
    public StepResult step(List<TrainingSequence> sequences, StepOptions options) {
        Gradient gradient = computeGradient(sequences, options);
        LossSum losses = gradient.losses();
        double norm = gradient.norm();
        double loss = losses.loss();
        if (!Double.isFinite(loss) || !Double.isFinite(norm)) {
            throw new MillraceException(
                    ErrorCode.NON_FINITE,
                    "step " + (step + 1) + " has loss " + loss + " and gradient norm " + norm
                            + "; the adapter is unchanged: lower the learning rate or look at the examples");
        }
        startAverage(options);
        update(options, norm);
        average.ifPresent(kept -> follow(kept, options));
        return new StepResult(loss, losses.bySequence(), norm, losses.labelledTokens());
    }

    /** Loss and gradient of a step, which stays in {@link LoraParameters#gradient}. */
    record Gradient(LossSum losses, double norm) {}

    /** The gradient that a step would use, before clipping; the adapter stays as it is. */
    public AdapterWeights gradient(List<TrainingSequence> sequences, StepOptions options) {
        computeGradient(sequences, options);
        return FlatState.weights(layout, config, parameters.gradient().toFloats());
    }

    Gradient computeGradient(List<TrainingSequence> sequences, StepOptions options) {
        model.check(sequences, options.microBatch());
        synchronized (model) {
            parameters.clearGradient();
            try (Dropout dropout = dropout(options)) {
                double scale = config.scale() / (dropout.active() ? 1 - config.dropout() : 1);
                LossSum losses = model.gradient(parameters, scale, sequences, options.microBatch(), dropout);
                return new Gradient(losses, norm());
            }
        }
    }

    private Dropout dropout(StepOptions options) {
        if (options.dropoutSeed().isEmpty() || config.dropout() == 0) {
            return Dropout.none(model.torch());
        }
        return Dropout.of(
                model.torch(),
                model.maths(),
                model.description(),
                config.dropout(),
                options.dropoutSeed().getAsLong(),
                model.dtype().torchCode());
    }

    private double norm() {
        try (Tensor squares =
                model.maths().call("squares").arg(parameters.gradient()).toTensor()) {
            double sum = 0;
            for (float square : squares.toFloats()) {
                sum += square;
            }
            return Math.sqrt(sum);
        }
    }

    /** Clips as {@code torch.nn.utils.clip_grad_norm_} does. */
    private void update(StepOptions options, double norm) {
        double factor = options.clip().isPresent() ? Math.min(1, options.clip().getAsDouble() / (norm + 1e-6)) : 1;
        TorchModule maths = model.maths();
        synchronized (model) {
            try (TensorScope scope = new TensorScope()) {
                maths.call("adamw")
                        .arg(scope.own(TensorList.of(parameters.weights())))
                        .arg(scope.own(TensorList.of(parameters.gradient())))
                        .arg(scope.own(TensorList.of(m)))
                        .arg(scope.own(TensorList.of(v)))
                        .arg(scope.own(TensorList.of(stepCount)))
                        .arg(factor)
                        .arg(options.learningRate())
                        .arg(options.beta1())
                        .arg(options.beta2())
                        .arg(options.epsilon())
                        .arg(options.weightDecay())
                        .run();
            }
            parameters.refresh();
        }
        step++;
    }

    /** An average starts at the weights before the step, and ends with the first step that wants none. */
    private void startAverage(StepOptions options) {
        if (options.averageDecay().isEmpty()) {
            average.ifPresent(Tensor::close);
            average = Optional.empty();
        } else if (average.isEmpty()) {
            average = Optional.of(
                    model.maths().call("copy").arg(parameters.weights()).toTensor());
        }
    }

    private void follow(Tensor kept, StepOptions options) {
        synchronized (model) {
            model.maths()
                    .call("average")
                    .arg(kept)
                    .arg(parameters.weights())
                    .arg(1 - options.averageDecay().orElseThrow())
                    .run();
        }
    }

    @Override
    public double[] losses(List<TrainingSequence> sequences, int microBatch) {
        return model.losses(parameters, config.scale(), sequences, microBatch);
    }

    @Override
    public List<SequenceScore> scores(List<TrainingSequence> sequences, int microBatch) {
        return model.scores(parameters, config.scale(), sequences, microBatch);
    }

    @Override
    public long steps() {
        return step;
    }

    @Override
    public AdapterState state() {
        return new AdapterState(config, step, written(SafetensorsWriter::toBytes));
    }

    @Override
    public Digest stateDigest() {
        return AdapterState.digest(written(SafetensorsWriter::digest), step);
    }

    private <T> T written(Function<SafetensorsWriter, T> result) {
        List<HostFloats> parts = Stream.concat(Stream.of(parameters.weights(), m, v), average.stream())
                .map(Tensor::hostFloats)
                .toList();
        try {
            return result.apply(StateFormat.writer(
                    layout, parts.stream().map(HostFloats::bytes).toList()));
        } finally {
            parts.forEach(HostFloats::close);
        }
    }

    @Override
    public AdapterWeights weights() {
        return FlatState.weights(layout, config, parameters.weights().toFloats());
    }

    @Override
    public Optional<AdapterWeights> average() {
        return average.map(kept -> FlatState.weights(layout, config, kept.toFloats()));
    }

    LoraParameters parameters() {
        return parameters;
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        average.ifPresent(Tensor::close);
        owned.close();
        parameters.close();
        model.adapterWent();
    }
}
