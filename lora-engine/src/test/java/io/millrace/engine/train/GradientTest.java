package io.millrace.engine.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.millrace.core.AdapterWeights;
import io.millrace.core.BaseDescription.Quantisation;
import io.millrace.core.LoraConfig;
import io.millrace.core.LoraPair;
import io.millrace.engine.DType;
import io.millrace.engine.text.TrainingSequence;
import io.millrace.engine.torch.Tensor;
import io.millrace.engine.torch.TensorScope;
import io.millrace.engine.torch.TorchRuntime;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every backward written by hand, against autograd. */
class GradientTest {
    private static final Set<String> ALL = Set.copyOf(LoraConfig.ALL_LINEAR);

    private final TorchRuntime torch = TorchRuntime.start("cpu", 1);

    @ParameterizedTest
    @CsvSource({
        "NF4, true, KEEP_ACTIVATIONS",
        "NF4, false, RECOMPUTE",
        "DENSE, true, RECOMPUTE",
        "DENSE, false, KEEP_ACTIVATIONS"
    })
    void agreesWithAutogradOnAllLinearLayers(Quantisation quantisation, boolean tied, BackwardMode mode) {
        try (KnownBase base = KnownBase.of(quantisation, tied, 5)) {
            assertThat(worstError(base, LoraConfig.of(3, 6, 0, ALL), Optional.empty(), mode, 8))
                    .isLessThan(2e-5);
        }
    }

    @ParameterizedTest
    @CsvSource({"q_proj", "v_proj;o_proj", "down_proj", "k_proj;up_proj;gate_proj"})
    void agreesWithAutogradOnAnySubset(String targets) {
        try (KnownBase base = KnownBase.of(Quantisation.NF4, true, 6)) {
            LoraConfig config = LoraConfig.of(4, 8, 0, Set.of(targets.split(";", -1)));
            assertThat(worstError(base, config, Optional.empty(), BackwardMode.KEEP_ACTIVATIONS, 8))
                    .isLessThan(2e-5);
        }
    }

    @ParameterizedTest
    @CsvSource({"8", "2", "1"})
    void agreesWithAutogradUnderDropoutHoweverTheStepIsSplit(int microBatch) {
        try (KnownBase base = KnownBase.of(Quantisation.NF4, true, 7)) {
            LoraConfig config = LoraConfig.of(3, 6, 0.25, ALL);
            assertThat(worstError(base, config, Optional.of(42L), BackwardMode.KEEP_ACTIVATIONS, microBatch))
                    .isLessThan(2e-5);
        }
    }

    @Test
    void rsLoraScalesByTheRootOfTheRank() {
        try (KnownBase base = KnownBase.of(Quantisation.NF4, true, 8)) {
            LoraConfig config = new LoraConfig(4, 8, 0, new TreeSet<>(ALL), true);
            assertThat(worstError(base, config, Optional.empty(), BackwardMode.KEEP_ACTIVATIONS, 8))
                    .isLessThan(2e-5);
        }
    }

    @Test
    void bfloat16StaysNearFloat32() {
        try (KnownBase base = KnownBase.of(Quantisation.NF4, true, 9)) {
            LoraConfig config = LoraConfig.of(4, 8, 0, ALL);
            AdapterWeights adapter = randomAdapter(base, config);
            try (Autograd autograd = new Autograd(torch, base);
                    LlamaTrainingModel model = TrainingModels.load(torch, base, DType.BF16);
                    LoraTrainer trainer = model.resume(adapter)) {
                Autograd.Result expected = autograd.gradient(adapter, sequences(), Optional.empty());
                LoraTrainer.Gradient actual = trainer.computeGradient(sequences(), StepOptions.of(1e-3, 8));
                AdapterWeights gradients = trainer.gradient(sequences(), StepOptions.of(1e-3, 8));
                assertThat(actual.losses().loss()).isCloseTo(expected.loss(), within(0.02));
                assertThat(distance(flat(gradients), flat(expected.gradients())))
                        .isLessThan(0.08);
            }
        }
    }

    @Test
    void normalisationAloneAgreesWithAutograd() {
        try (KnownBase base = KnownBase.of(Quantisation.DENSE, true, 10);
                Autograd autograd = new Autograd(torch, base);
                TensorScope scope = new TensorScope()) {
            Tensor x = scope.own(torch.tensor(numbers(5 * 24, 1), 5, 24));
            Tensor w = scope.own(torch.tensor(numbers(24, 2), 24));
            Tensor g = scope.own(torch.tensor(numbers(5 * 24, 3), 5, 24));
            List<Tensor> both = scope.own(
                    autograd.module().call("ref_normalise").arg(x).arg(w).arg(g).toTensors());
            assertThat(both.get(1).toFloats()).containsExactly(both.get(0).toFloats(), within(1e-6f));
        }
    }

    @Test
    void rotationAloneAgreesWithAutograd() {
        try (KnownBase base = KnownBase.of(Quantisation.DENSE, true, 11);
                Autograd autograd = new Autograd(torch, base);
                TensorScope scope = new TensorScope()) {
            Tensor x = scope.own(torch.tensor(numbers(2 * 3 * 4 * 6, 1), 2, 3, 4, 6));
            Tensor g = scope.own(torch.tensor(numbers(2 * 3 * 4 * 6, 2), 2, 3, 4, 6));
            Tensor cos = scope.own(torch.tensor(twice(numbers(12, 3)), 4, 6));
            Tensor sin = scope.own(torch.tensor(twice(numbers(12, 4)), 4, 6));
            List<Tensor> all = scope.own(autograd.module()
                    .call("ref_rotate")
                    .arg(x)
                    .arg(cos)
                    .arg(sin)
                    .arg(g)
                    .toTensors());
            assertThat(all.get(1).toFloats()).containsExactly(all.get(0).toFloats(), within(1e-6f));
            assertThat(all.get(3).toFloats()).containsExactly(all.get(2).toFloats(), within(1e-6f));
        }
    }

    private double worstError(
            KnownBase base, LoraConfig config, Optional<Long> dropout, BackwardMode mode, int microBatch) {
        AdapterWeights adapter = randomAdapter(base, config);
        StepOptions plain = StepOptions.of(1e-3, microBatch);
        StepOptions options = dropout.map(plain::withDropoutSeed).orElse(plain);
        try (Autograd autograd = new Autograd(torch, base);
                LlamaTrainingModel model = TrainingModels.load(torch, base, DType.F32, mode);
                LoraTrainer trainer = model.resume(adapter)) {
            Autograd.Result expected = autograd.gradient(adapter, sequences(), dropout);
            LoraTrainer.Gradient actual = trainer.computeGradient(sequences(), options);
            assertThat(actual.losses().loss()).isCloseTo(expected.loss(), within(1e-5));
            return relativeError(trainer.gradient(sequences(), options), expected.gradients());
        }
    }

    /** Unequal lengths, weights and labels. */
    static List<TrainingSequence> sequences() {
        return List.of(sequence(9, 3, 1, 1), sequence(5, 1, 2, 2), sequence(12, 7, 0.5, 3));
    }

    static TrainingSequence sequence(int length, int prompt, double weight, long seed) {
        SplitMix random = new SplitMix(seed);
        int[] ids = new int[length];
        boolean[] labelled = new boolean[length];
        for (int i = 0; i < length; i++) {
            ids[i] = (int) (random.nextFloat() * 50);
            labelled[i] = i >= prompt;
        }
        return new TrainingSequence(ids, labelled, weight, false);
    }

    /** An adapter whose B isn't zero. */
    static AdapterWeights randomAdapter(KnownBase base, LoraConfig config) {
        Map<String, LoraPair> modules = new TreeMap<>();
        base.description().linearModules().stream()
                .filter(m -> config.targetModules().contains(m.suffix()))
                .forEach(m -> modules.put(
                        m.path(),
                        new LoraPair(
                                config.rank(),
                                m.in(),
                                m.out(),
                                numbers(config.rank() * m.in(), m.path().hashCode()),
                                numbers(config.rank() * m.out(), ~m.path().hashCode()))));
        return AdapterWeights.of(config, modules);
    }

    private static float[] numbers(int count, long seed) {
        SplitMix random = new SplitMix(seed);
        float[] numbers = new float[count];
        for (int i = 0; i < count; i++) {
            numbers[i] = random.nextFloat() - 0.5f;
        }
        return numbers;
    }

    /** Rows of three numbers, each row written twice side by side, as the two halves of a head turn alike. */
    private static float[] twice(float[] rows) {
        float[] both = new float[2 * rows.length];
        for (int i = 0; i < both.length; i++) {
            both[i] = rows[i / 6 * 3 + i % 3];
        }
        return both;
    }

    /** Largest Frobenius distance of a matrix, relative to its norm. */
    static double relativeError(AdapterWeights actual, AdapterWeights expected) {
        assertThat(actual.modules().keySet()).isEqualTo(expected.modules().keySet());
        return expected.modules().entrySet().stream()
                .mapToDouble(e -> Math.max(
                        distance(
                                actual.modules().get(e.getKey()).a(),
                                e.getValue().a()),
                        distance(
                                actual.modules().get(e.getKey()).b(),
                                e.getValue().b())))
                .max()
                .orElseThrow();
    }

    private static float[] flat(AdapterWeights weights) {
        FloatBuffer all = FloatBuffer.allocate((int) (weights.sizeBytes() / Float.BYTES));
        weights.modules().values().forEach(pair -> all.put(pair.a()).put(pair.b()));
        return all.array();
    }

    private static double distance(float[] actual, float[] expected) {
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < expected.length; i++) {
            difference += Math.pow((double) actual[i] - expected[i], 2);
            norm += (double) expected[i] * expected[i];
        }
        return Math.sqrt(difference / norm);
    }
}
