package io.millrace.engine.train;

import io.millrace.core.AdapterWeights;
import io.millrace.core.BaseDescription;
import io.millrace.core.ErrorCode;
import io.millrace.core.LoraConfig;
import io.millrace.core.MillraceException;
import io.millrace.engine.DType;
import io.millrace.engine.base.Base;
import io.millrace.engine.text.TrainingSequence;
import io.millrace.engine.torch.Tensor;
import io.millrace.engine.torch.TensorList;
import io.millrace.engine.torch.TensorScope;
import io.millrace.engine.torch.TorchCall;
import io.millrace.engine.torch.TorchModule;
import io.millrace.engine.torch.TorchRuntime;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** A Llama base that trains adapters. Steps of different adapters may be asked for by different threads; one runs at a time. */
public final class LlamaTrainingModel implements TrainingModel {
    private static final int ENGINE_VERSION = 3;

    private final TorchRuntime torch;
    private final TorchModule maths;
    private final BaseDescription description;
    private final DType dtype;
    private final BackwardMode mode;
    private final FrozenModel frozen;
    private final JointWeights joint;
    private final LoraParameters none;
    private int adapters;

    LlamaTrainingModel(TorchRuntime torch, Base base, DType dtype, BackwardMode mode) {
        this.torch = torch;
        this.description = base.description();
        this.dtype = dtype;
        this.mode = mode;
        this.maths = LlamaMaths.compile(torch, description);
        try {
            this.frozen = new FrozenModel(torch, maths, base, dtype);
        } catch (RuntimeException e) {
            maths.close();
            throw e;
        }
        this.joint = new JointWeights(torch, maths, description, frozen, dtype, mode.heldBytes());
        AdapterLayout bare = new AdapterLayout(description, Optional.empty());
        this.none =
                new LoraParameters(torch, maths, bare, dtype, FlatState.none().weights());
    }

    @Override
    public LoraTrainer create(LoraConfig config, long seed) {
        AdapterLayout layout = new AdapterLayout(description, Optional.of(config));
        return new LoraTrainer(this, config, layout, FlatState.initial(layout, seed));
    }

    @Override
    public LoraTrainer resume(AdapterState state) {
        AdapterLayout layout = new AdapterLayout(description, Optional.of(state.config()));
        return new LoraTrainer(this, state.config(), layout, FlatState.of(layout, state));
    }

    @Override
    public LoraTrainer resume(AdapterWeights weights) {
        AdapterLayout layout = new AdapterLayout(description, Optional.of(weights.config()));
        return new LoraTrainer(this, weights.config(), layout, FlatState.of(layout, weights));
    }

    synchronized void adapterCame() {
        adapters++;
    }

    /** With the last adapter its dequantised weights go. */
    synchronized void adapterWent() {
        adapters--;
        if (adapters == 0) {
            joint.release();
        }
    }

    @Override
    public double[] baseLosses(List<TrainingSequence> sequences, int microBatch) {
        return losses(none, 0, sequences, microBatch);
    }

    @Override
    public String fingerprint() {
        return "millrace-engine-" + ENGINE_VERSION + "/" + torch.fingerprint() + "/" + dtype.label();
    }

    /**
     * Logits of one sequence.
     *
     * @param adapter what to add to the base; empty: the base alone
     * @param positions rows wanted
     * @return [positions, vocabulary], row-major
     */
    public synchronized float[] logits(int[] ids, Optional<AdapterWeights> adapter, int... positions) {
        check(ids);
        try (LoraTrainer trainer = adapter.map(this::resume).orElse(null)) {
            LoraParameters parameters = trainer == null ? none : trainer.parameters();
            double scale = trainer == null ? 0 : adapter.orElseThrow().config().scale();
            JointWeights.Room room = joint.toLook(parameters.layout());
            long[] at = Arrays.stream(positions).asLongStream().toArray();
            try (Tensor tokens = torch.tensor(Arrays.stream(ids).asLongStream().toArray(), 1, ids.length);
                    Tensor rows = torch.tensor(at, at.length);
                    Tensor logits = maths.call("logits")
                            .arg(tokens)
                            .arg(rows)
                            .arg(frozen.tables(ids.length))
                            .arg(frozen.layers())
                            .arg(frozen.absmaxStarts())
                            .arg(parameters.adapters())
                            .arg(parameters.layout().spec())
                            .arg(scale)
                            .arg(room.weights())
                            .arg(room.held())
                            .toTensor()) {
                return logits.toFloats();
            }
        }
    }

    synchronized double[] losses(
            LoraParameters parameters, double scale, List<TrainingSequence> sequences, int microBatch) {
        check(sequences, microBatch);
        LossSum sum = new LossSum(sequences);
        for (MicroBatch batch : MicroBatch.split(sequences, microBatch)) {
            try (TensorScope scope = new TensorScope();
                    Tensor nll =
                            measure("losses", batch, parameters, scale, scope).toTensor()) {
                sum.add(batch, nll.toFloats());
            }
        }
        return sum.bySequence();
    }

    synchronized List<SequenceScore> scores(
            LoraParameters parameters, double scale, List<TrainingSequence> sequences, int microBatch) {
        check(sequences, microBatch);
        LossSum sum = new LossSum(sequences);
        int[] right = new int[sequences.size()];
        for (MicroBatch batch : MicroBatch.split(sequences, microBatch)) {
            try (TensorScope scope = new TensorScope()) {
                List<Tensor> both = scope.own(
                        measure("scores", batch, parameters, scale, scope).toTensors());
                sum.add(batch, both.get(0).toFloats());
                float[] hits = both.get(1).toFloats();
                for (int i = 0; i < hits.length; i++) {
                    right[batch.owner()[i]] += hits[i] > 0 ? 1 : 0;
                }
            }
        }
        double[] losses = sum.bySequence();
        return IntStream.range(0, losses.length)
                .mapToObj(i -> new SequenceScore(losses[i], sequences.get(i).labelledTokens(), right[i]))
                .toList();
    }

    /** A call of one of the methods that only look. */
    private TorchCall measure(
            String method, MicroBatch batch, LoraParameters parameters, double scale, TensorScope scope) {
        JointWeights.Room room = joint.toLook(parameters.layout());
        return maths.call(method)
                .arg(scope.own(torch.tensor(batch.ids(), batch.size(), batch.length())))
                .arg(scope.own(torch.tensor(batch.at(), batch.at().length)))
                .arg(scope.own(torch.tensor(batch.targets(), batch.targets().length)))
                .arg(frozen.tables(batch.length()))
                .arg(frozen.layers())
                .arg(frozen.absmaxStarts())
                .arg(parameters.adapters())
                .arg(parameters.layout().spec())
                .arg(scale)
                .arg(room.weights())
                .arg(room.held())
                .arg(logitsRows())
                .arg(stripRows());
    }

    /** Adds the gradients of all micro-batches to the parameters' gradient. */
    synchronized LossSum gradient(
            LoraParameters parameters,
            double scale,
            List<TrainingSequence> sequences,
            int microBatch,
            Dropout dropout) {
        LossSum sum = new LossSum(sequences);
        JointWeights.Room room = joint.toTrain(parameters.layout());
        for (MicroBatch batch : MicroBatch.split(sequences, microBatch)) {
            TensorList tables = frozen.tables(batch.length());
            try (Tensor ids = torch.tensor(batch.ids(), batch.size(), batch.length());
                    Tensor at = torch.tensor(batch.at(), batch.at().length);
                    Tensor targets = torch.tensor(batch.targets(), batch.targets().length);
                    Tensor coefficients = torch.tensor(sum.coefficients(batch), batch.at().length, 1);
                    Tensor starts = dropout.starts(batch);
                    Tensor nll = maths.call("gradient")
                            .arg(ids)
                            .arg(at)
                            .arg(targets)
                            .arg(coefficients)
                            .arg(mode == BackwardMode.RECOMPUTE)
                            .arg(tables)
                            .arg(frozen.layers())
                            .arg(frozen.absmaxStarts())
                            .arg(parameters.adapters())
                            .arg(parameters.gradients())
                            .arg(parameters.layout().spec())
                            .arg(scale)
                            .arg(room.weights())
                            .arg(room.held())
                            .arg(dropout.pool())
                            .arg(starts)
                            .arg(logitsRows())
                            .arg(stripRows())
                            .toTensor()) {
                sum.add(batch, nll.toFloats());
            }
        }
        return sum;
    }

    /** Rows of logits in memory at a time: about 32 MiB. */
    private int logitsRows() {
        return Math.max(16, (1 << 25) / dtype.bytes() / description.vocabSize());
    }

    /** Rows of logits of which the softmax is taken at a time, in float32: about 4 MiB, for they are gone through five times. */
    private int stripRows() {
        return Math.max(1, (1 << 20) / description.vocabSize());
    }

    /** @throws MillraceException where a sequence can't be trained on by this base */
    void check(List<TrainingSequence> sequences, int microBatch) {
        if (sequences.isEmpty() || microBatch < 1) {
            throw new MillraceException(
                    ErrorCode.BAD_REQUEST,
                    "a step needs at least one sequence and a micro-batch of at least one; there are "
                            + sequences.size() + " and " + microBatch);
        }
        for (TrainingSequence sequence : sequences) {
            check(sequence.tokenIds());
            if (sequence.labelledTokens() == 0) {
                throw new MillraceException(
                        ErrorCode.NO_TRAINABLE_TOKENS, "a sequence has no labelled token after its first");
            }
            if (!(sequence.weight() > 0) || Double.isInfinite(sequence.weight())) {
                throw new MillraceException(
                        ErrorCode.BAD_REQUEST, "a sequence's weight must be positive, not " + sequence.weight());
            }
        }
    }

    private void check(int[] ids) {
        if (ids.length == 0 || ids.length > description.maxPositions()) {
            throw new MillraceException(
                    ErrorCode.CONTEXT_LENGTH_EXCEEDED,
                    "a sequence has " + ids.length + " tokens; this base takes 1 to " + description.maxPositions());
        }
        for (int id : ids) {
            if (id < 0 || id >= description.vocabSize()) {
                throw new MillraceException(
                        ErrorCode.BAD_REQUEST,
                        "token " + id + " isn't in this base's vocabulary of " + description.vocabSize());
            }
        }
    }

    TorchRuntime torch() {
        return torch;
    }

    TorchModule maths() {
        return maths;
    }

    BaseDescription description() {
        return description;
    }

    DType dtype() {
        return dtype;
    }

    @Override
    public synchronized void close() {
        none.close();
        joint.close();
        frozen.close();
        maths.close();
    }
}
