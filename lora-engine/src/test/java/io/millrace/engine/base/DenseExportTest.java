package io.millrace.engine.base;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.millrace.core.BaseDescription;
import io.millrace.core.BaseDescription.Quantisation;
import io.millrace.core.safetensors.SafetensorsFile;
import io.millrace.core.safetensors.TensorDType;
import io.millrace.engine.base.BaseTensor.Element;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.BiFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Given a stored base, when it is written as a dense Hugging Face directory. */
class DenseExportTest {
    private static final Path MODELS = Path.of("src/test/resources/golden/models");
    private static final String CHANGED = "model.layers.0.mlp.up_proj";

    @TempDir
    Path temp;

    private BaseStore store;
    private Path target;

    @BeforeEach
    void aStore() {
        store = new BaseStore(temp.resolve("bases"));
        target = temp.resolve("out");
    }

    @ParameterizedTest
    @ValueSource(strings = {"tiny-llama", "tiny-llama3"})
    void whatWasDenseComesBackAsTheSameBase(String model) {
        BaseDescription imported = imported(model, Quantisation.DENSE);

        store.exportDense("base", target, Element.F32, DenseExportTest::asItIs, ImportProgress.silent());

        BaseDescription again = store.importFrom("again", target, Quantisation.DENSE, ImportProgress.silent());
        assertThat(again.id()).isEqualTo(imported.id());
    }

    @Test
    void fourBitWeightsAreWrittenAsTheNumbersTheyStandFor() {
        imported("tiny-llama", Quantisation.NF4);

        store.exportDense("base", target, Element.F32, DenseExportTest::asItIs, ImportProgress.silent());

        try (Base base = store.open("base");
                SafetensorsFile written = written()) {
            BaseTensor.Nf4 stored = (BaseTensor.Nf4) base.tensor(CHANGED + ".weight");
            assertThat(written.floats(CHANGED + ".weight")).containsExactly(Nf4.dequantise(stored));
        }
    }

    @Test
    void aChangeIsOfLinearModulesOnly() {
        // Given a base, and a change that adds one to one module
        imported("tiny-llama", Quantisation.DENSE);
        BiFunction<String, float[], float[]> addOne = (module, weight) -> {
            float[] changed = weight.clone();
            for (int i = 0; module.equals(CHANGED) && i < changed.length; i++) {
                changed[i]++;
            }
            return changed;
        };

        // When both are written
        Path plain = temp.resolve("plain");
        store.exportDense("base", plain, Element.F32, DenseExportTest::asItIs, ImportProgress.silent());
        store.exportDense("base", target, Element.F32, addOne, ImportProgress.silent());

        // Then that module's weight differs by one, and nothing else does
        try (SafetensorsFile before = SafetensorsFile.open(plain.resolve(BaseWriter.TENSORS));
                SafetensorsFile after = written()) {
            assertThat(after.tensors().keySet()).isEqualTo(before.tensors().keySet());
            for (String name : before.tensors().keySet()) {
                float[] expected = before.floats(name);
                for (int i = 0; name.equals(CHANGED + ".weight") && i < expected.length; i++) {
                    expected[i]++;
                }
                assertThat(after.floats(name)).as(name).containsExactly(expected);
            }
        }
    }

    @Test
    void otherElementTypesAreWrittenThroughout() {
        imported("tiny-llama", Quantisation.NF4);

        store.exportDense("base", target, Element.BF16, DenseExportTest::asItIs, ImportProgress.silent());

        try (SafetensorsFile written = written()) {
            assertThat(written.tensors().values()).allMatch(tensor -> tensor.dtype() == TensorDType.BF16);
        }
        assertThat(store.importFrom("again", target, Quantisation.NF4, ImportProgress.silent())
                        .eosTokenIds())
                .isEqualTo(store.find("base").orElseThrow().description().eosTokenIds());
    }

    @Test
    void whatIsThereStaysAndNothingIsLeftHalfMade() throws IOException {
        imported("tiny-llama", Quantisation.NF4);
        Files.createDirectory(target);
        Files.writeString(target.resolve("mine.txt"), "mine");

        assertThatExceptionOfType(UncheckedIOException.class)
                .isThrownBy(() -> store.exportDense(
                        "base", target, Element.F32, DenseExportTest::asItIs, ImportProgress.silent()));

        assertThat(target.resolve("mine.txt")).hasContent("mine");
        try (Stream<Path> files = Files.list(temp)) {
            assertThat(files).allMatch(file -> !file.toString().endsWith(".part"));
        }
    }

    @SuppressWarnings("UnusedVariable") // modules are changed alike
    private static float[] asItIs(String module, float[] weight) {
        return weight;
    }

    private BaseDescription imported(String model, Quantisation quantisation) {
        return store.importFrom("base", MODELS.resolve(model), quantisation, ImportProgress.silent());
    }

    private SafetensorsFile written() {
        return SafetensorsFile.open(target.resolve(BaseWriter.TENSORS));
    }
}
