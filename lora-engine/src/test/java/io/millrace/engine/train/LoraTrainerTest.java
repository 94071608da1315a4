package io.millrace.engine.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.millrace.core.AdapterWeights;
import io.millrace.core.BaseDescription.Quantisation;
import io.millrace.core.ErrorCode;
import io.millrace.core.LoraConfig;
import io.millrace.core.LoraPair;
import io.millrace.core.MillraceException;
import io.millrace.engine.DType;
import io.millrace.engine.Resident;
import io.millrace.engine.text.TrainingSequence;
import io.millrace.engine.torch.ComputeThread;
import io.millrace.engine.torch.TorchRuntime;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class LoraTrainerTest {
    private static final LoraConfig CONFIG = LoraConfig.of(4, 8, 0.1, Set.copyOf(LoraConfig.ALL_LINEAR));

    private final TorchRuntime torch = TorchRuntime.start("cpu", 1);
    private final KnownBase base = KnownBase.of(Quantisation.NF4, true, 3);
    private final long liveBefore = TorchRuntime.liveHandles();

    @AfterEach
    void everyHandleIsFreed() {
        assertThat(TorchRuntime.liveHandles()).isEqualTo(liveBefore);
    }

    @Test
    void aNewAdapterChangesNothingAndTrainingLowersTheLoss() {
        try (LlamaTrainingModel model = TrainingModels.load(torch, base, DType.F32);
                AdapterTrainer trainer = model.create(CONFIG, 1)) {
            List<TrainingSequence> sequences = GradientTest.sequences();
            assertThat(trainer.losses(sequences, 2)).containsExactly(model.baseLosses(sequences, 2), within(1e-6));
            double first = trainer.step(sequences, StepOptions.of(1e-2, 2)).loss();
            StepResult last = null;
            for (int i = 0; i < 30; i++) {
                last = trainer.step(
                        sequences, StepOptions.of(1e-2, 2).withClip(1).withDropoutSeed(i));
            }
            assertThat(last.loss()).isLessThan(first / 2);
            assertThat(last.labelledTokens()).isEqualTo(15);
            assertThat(last.sequenceLosses()).hasSize(3);
        }
    }

    @ParameterizedTest
    @EnumSource(DType.class)
    void theSameStepsGiveTheSameBytes(DType dtype) {
        AdapterState first = train(TorchRuntime.start("cpu", 1), dtype, BackwardMode.KEEP_ACTIVATIONS, 5);
        assertThat(train(TorchRuntime.start("cpu", 1), dtype, BackwardMode.KEEP_ACTIVATIONS, 5)
                        .digest())
                .isEqualTo(first.digest());
        assertThat(train(TorchRuntime.start("cpu", 2), dtype, BackwardMode.KEEP_ACTIVATIONS, 5)
                        .digest())
                .isEqualTo(first.digest());
        assertThat(train(TorchRuntime.start("cpu", 1), dtype, BackwardMode.RECOMPUTE, 5)
                        .digest())
                .isEqualTo(first.digest());
    }

    @Test
    void aResumedAdapterGoesOnBitForBit() {
        AdapterState whole = train(torch, DType.F32, BackwardMode.KEEP_ACTIVATIONS, 6);
        AdapterState half = train(torch, DType.F32, BackwardMode.KEEP_ACTIVATIONS, 3);
        try (LlamaTrainingModel model = TrainingModels.load(torch, base, DType.F32);
                AdapterTrainer trainer = model.resume(half)) {
            assertThat(trainer.state().digest()).isEqualTo(half.digest()).isEqualTo(trainer.stateDigest());
            steps(trainer, 3, 6);
            assertThat(trainer.state().digest()).isEqualTo(whole.digest());
        }
    }

    @Test
    void adaptersOfOtherShapesBetweenItsStepsChangeNothing() {
        AdapterState alone = train(torch, DType.BF16, BackwardMode.KEEP_ACTIVATIONS, 4);
        try (LlamaTrainingModel model = TrainingModels.load(torch, base, DType.BF16)) {
            AdapterState half;
            try (AdapterTrainer trainer = model.create(CONFIG, 1);
                    AdapterTrainer other = model.create(LoraConfig.of(2, 4, 0, Set.of("q_proj", "down_proj")), 3)) {
                steps(trainer, 0, 1);
                steps(other, 0, 1);
                model.baseLosses(GradientTest.sequences(), 2);
                steps(trainer, 1, 2);
                half = trainer.state();
            }
            // With the last adapter the dequantised weights went.
            try (AdapterTrainer trainer = model.resume(half)) {
                steps(trainer, 2, 4);
                assertThat(trainer.state().digest()).isEqualTo(alone.digest());
            }
        }
    }

    @Test
    void weightsAloneStartAFreshOptimizer() {
        AdapterState state = train(torch, DType.F32, BackwardMode.KEEP_ACTIVATIONS, 2);
        try (LlamaTrainingModel model = TrainingModels.load(torch, base, DType.F32);
                AdapterTrainer trained = model.resume(state);
                AdapterTrainer fresh = model.resume(trained.weights())) {
            assertThat(fresh.weights()).isEqualTo(trained.weights());
            assertThat(fresh.state().step()).isZero();
            assertThat(fresh.state().digest()).isNotEqualTo(state.digest());
        }
    }

    @Test
    void adamWFollowsItsFormula() {
        LoraConfig config = LoraConfig.of(2, 4, 0, Set.of("q_proj"));
        try (LlamaTrainingModel model = TrainingModels.load(torch, base, DType.F32);
                LoraTrainer trainer = model.resume(GradientTest.randomAdapter(base, config))) {
            StepOptions options = new StepOptions(
                    1e-2,
                    0.8,
                    0.9,
                    1e-6,
                    0.1,
                    java.util.OptionalDouble.of(0.05),
                    java.util.OptionalLong.empty(),
                    java.util.OptionalDouble.empty(),
                    8);
            String path = "model.layers.0.self_attn.q_proj";
            double[] m = new double[48];
            double[] v = new double[48];
            for (int step = 1; step <= 3; step++) {
                float[] before = trainer.weights().modules().get(path).a();
                double norm = trainer.computeGradient(GradientTest.sequences(), options)
                        .norm();
                float[] gradient = trainer.gradient(GradientTest.sequences(), options)
                        .modules()
                        .get(path)
                        .a();
                trainer.step(GradientTest.sequences(), options);
                float[] after = trainer.weights().modules().get(path).a();
                for (int i = 0; i < before.length; i++) {
                    double g = gradient[i] * Math.min(1, 0.05 / (norm + 1e-6));
                    m[i] = 0.8 * m[i] + 0.2 * g;
                    v[i] = 0.9 * v[i] + 0.1 * g * g;
                    double update =
                            m[i] / (1 - Math.pow(0.8, step)) / (Math.sqrt(v[i] / (1 - Math.pow(0.9, step))) + 1e-6);
                    assertThat((double) after[i]).isCloseTo(before[i] * (1 - 1e-2 * 0.1) - 1e-2 * update, within(2e-6));
                }
            }
        }
    }

    @Test
    void theAverageFollowsTheWeightsByItsFormula() {
        String path = "model.layers.0.self_attn.q_proj";
        try (LlamaTrainingModel model = TrainingModels.load(torch, base, DType.F32);
                LoraTrainer trainer = model.create(CONFIG, 1)) {
            float[] average = trainer.weights().modules().get(path).a();
            assertThat(trainer.average()).isEmpty();
            for (int step = 1; step <= 6; step++) {
                double decay = 0.1 * step;
                trainer.step(GradientTest.sequences(), StepOptions.of(1e-2, 2).withAverage(decay));
                float[] weights = trainer.weights().modules().get(path).a();
                for (int i = 0; i < average.length; i++) {
                    average[i] += (float) ((1 - decay) * (weights[i] - average[i]));
                }
                assertThat(trainer.average().orElseThrow().modules().get(path).a())
                        .containsExactly(average, within(1e-6f));
            }
            trainer.step(GradientTest.sequences(), StepOptions.of(1e-2, 2));
            assertThat(trainer.average()).isEmpty();
        }
    }

    @Test
    void theAverageIsPartOfTheStateAndItsDigest() {
        StepOptions options = StepOptions.of(1e-2, 2).withAverage(0.9);
        try (LlamaTrainingModel model = TrainingModels.load(torch, base, DType.F32);
                AdapterTrainer whole = model.create(CONFIG, 1);
                AdapterTrainer plain = model.create(CONFIG, 1)) {
            whole.step(GradientTest.sequences(), options);
            plain.step(GradientTest.sequences(), StepOptions.of(1e-2, 2));
            assertThat(whole.weights().modules()).isEqualTo(plain.weights().modules());
            assertThat(whole.state().digest()).isNotEqualTo(plain.state().digest());
            try (AdapterTrainer resumed = model.resume(whole.state())) {
                assertThat(resumed.state().digest()).isEqualTo(whole.state().digest());
                whole.step(GradientTest.sequences(), options);
                resumed.step(GradientTest.sequences(), options);
                assertThat(resumed.state().digest()).isEqualTo(whole.state().digest());
            }
        }
    }

    @Test
    void scoresCountTheTokensThatGreedyDecodingTakes() {
        try (LlamaTrainingModel model = TrainingModels.load(torch, base, DType.F32);
                AdapterTrainer trainer = model.create(CONFIG, 1)) {
            List<TrainingSequence> sequences = GradientTest.sequences();
            steps(trainer, 0, 12);
            List<SequenceScore> scores = trainer.scores(sequences, 2);

            for (int s = 0; s < sequences.size(); s++) {
                TrainingSequence sequence = sequences.get(s);
                int right = 0;
                for (int i = 1; i < sequence.length(); i++) {
                    if (sequence.labelled()[i]) {
                        float[] logits =
                                model.logits(sequence.tokenIds(), java.util.Optional.of(trainer.weights()), i - 1);
                        right += argmax(logits) == sequence.tokenIds()[i] ? 1 : 0;
                    }
                }
                assertThat(scores.get(s).right()).isEqualTo(right);
                assertThat(scores.get(s).tokens()).isEqualTo(sequence.labelledTokens());
                assertThat(scores.get(s).loss()).isEqualTo(trainer.losses(sequences, 2)[s], within(1e-9));
            }
            assertThat(scores).anyMatch(score -> score.right() > 0).anyMatch(score -> !score.exact());
        }
    }

    private static int argmax(float[] values) {
        int best = 0;
        for (int i = 1; i < values.length; i++) {
            best = values[i] > values[best] ? i : best;
        }
        return best;
    }

    @Test
    void aNonFiniteStepLeavesTheAdapterAsItWas() {
        try (LlamaTrainingModel model = TrainingModels.load(torch, base, DType.F32)) {
            AdapterWeights poisoned = GradientTest.randomAdapter(base, CONFIG);
            Map<String, LoraPair> modules = new TreeMap<>(poisoned.modules());
            LoraPair pair = modules.get("model.layers.1.mlp.up_proj");
            float[] b = pair.b().clone();
            b[3] = Float.POSITIVE_INFINITY;
            modules.put("model.layers.1.mlp.up_proj", new LoraPair(pair.rank(), pair.in(), pair.out(), pair.a(), b));
            try (AdapterTrainer trainer = model.resume(AdapterWeights.of(CONFIG, modules))) {
                AdapterState before = trainer.state();
                assertThatThrownBy(() -> trainer.step(GradientTest.sequences(), StepOptions.of(1e-3, 4)))
                        .isInstanceOfSatisfying(MillraceException.class, e -> assertThat(e.code())
                                .isEqualTo(ErrorCode.NON_FINITE));
                assertThat(trainer.state().digest()).isEqualTo(before.digest());
            }
        }
    }

    @Test
    void whatDoesNotFitIsRefused() {
        try (LlamaTrainingModel model = TrainingModels.load(torch, base, DType.F32);
                AdapterTrainer trainer = model.create(CONFIG, 1)) {
            assertCode(ErrorCode.BAD_REQUEST, () -> trainer.losses(List.of(), 1));
            assertCode(ErrorCode.BAD_REQUEST, () -> trainer.losses(List.of(of(new int[] {1, 50})), 1));
            assertCode(ErrorCode.CONTEXT_LENGTH_EXCEEDED, () -> trainer.losses(List.of(of(new int[65])), 1));
            assertCode(ErrorCode.NO_TRAINABLE_TOKENS, () -> trainer.losses(List.of(of(new int[] {1})), 1));
            assertCode(
                    ErrorCode.INVALID_ADAPTER,
                    () -> model.resume(AdapterWeights.of(CONFIG, Map.of("model.layers.9.mlp.up_proj", pair()))));
            assertCode(
                    ErrorCode.INVALID_ADAPTER,
                    () -> model.resume(new AdapterState(
                            LoraConfig.of(5, 8, 0, Set.of("q_proj")),
                            1,
                            trainer.state().content())));
        }
    }

    @Test
    void fiveHundredStepsKeepNothing() {
        try (LlamaTrainingModel model = TrainingModels.load(torch, base, DType.F32);
                AdapterTrainer trainer = model.create(CONFIG, 1)) {
            steps(trainer, 0, 100);
            long handles = TorchRuntime.liveHandles();
            long residentBefore = Resident.kilobytes();
            steps(trainer, 100, 600);
            assertThat(TorchRuntime.liveHandles()).isEqualTo(handles);
            // the activations of 500 steps would be more than 500 MB; the JVM's own heap may still grow a little
            assertThat(Resident.kilobytes() - residentBefore).isLessThan(64_000);
        }
    }

    private static void assertCode(ErrorCode code, org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
        assertThatThrownBy(call).isInstanceOfSatisfying(MillraceException.class, e -> assertThat(e.code())
                .isEqualTo(code));
    }

    private static LoraPair pair() {
        return new LoraPair(4, 24, 40, new float[96], new float[160]);
    }

    private static TrainingSequence of(int[] ids) {
        boolean[] labelled = new boolean[ids.length];
        Arrays.fill(labelled, true);
        return new TrainingSequence(ids, labelled, 1, false);
    }

    private AdapterState train(TorchRuntime runtime, DType dtype, BackwardMode mode, int count) {
        return ComputeThread.call(() -> {
            try (LlamaTrainingModel model = TrainingModels.load(runtime, base, dtype, mode);
                    AdapterTrainer trainer = model.create(CONFIG, 1)) {
                steps(trainer, 0, count);
                return trainer.state();
            }
        });
    }

    private static void steps(AdapterTrainer trainer, int from, int to) {
        for (int i = from; i < to; i++) {
            trainer.step(
                    List.of(
                            GradientTest.sequence(20, 3, 1, i),
                            GradientTest.sequence(11, 4, 1, 100 + i),
                            GradientTest.sequence(17, 2, 1, 200 + i)),
                    StepOptions.of(5e-3, 2).withClip(0.5).withDropoutSeed(i));
        }
    }
}
