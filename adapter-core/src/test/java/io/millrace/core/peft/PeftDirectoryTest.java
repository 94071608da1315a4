package io.millrace.core.peft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.millrace.core.AdapterName;
import io.millrace.core.AdapterWeights;
import io.millrace.core.BaseDescription;
import io.millrace.core.Digest;
import io.millrace.core.ErrorCode;
import io.millrace.core.LoraConfig;
import io.millrace.core.LoraPair;
import io.millrace.core.Manifest;
import io.millrace.core.MillraceException;
import io.millrace.core.ModuleShape;
import io.millrace.core.safetensors.HalfFloats;
import io.millrace.core.safetensors.SafetensorsFile;
import io.millrace.core.safetensors.SafetensorsWriter;
import io.millrace.core.safetensors.TensorDType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PeftDirectoryTest {
    private static final BaseDescription BASE = TinyLlama.BASE;
    private static final AdapterName NAME = AdapterName.parse("acme/support");
    private static final String Q0 = "model.layers.0.self_attn.q_proj";

    @TempDir
    Path directory;

    @ParameterizedTest
    @CsvSource({"compose-a,8,16,false,14", "compose-b,4,16,true,14", "compose-c,16,8,false,4"})
    void readsWhatPeftWrote(String adapter, int rank, double alpha, boolean rsLora, int modules) {
        AdapterWeights weights = PeftDirectory.read(TinyLlama.golden(adapter), BASE);
        assertThat(weights.config().rank()).isEqualTo(rank);
        assertThat(weights.config().alpha()).isEqualTo(alpha);
        assertThat(weights.config().rsLora()).isEqualTo(rsLora);
        assertThat(weights.modules()).hasSize(modules);
        SafetensorsFile file = SafetensorsFile.of(TinyLlama.golden(adapter).get(PeftDirectory.WEIGHTS));
        assertThat(weights.modules().get(Q0).a()).isEqualTo(file.floats("base_model.model." + Q0 + ".lora_A.weight"));
        assertThat(weights.modules().get(Q0).b()).isEqualTo(file.floats("base_model.model." + Q0 + ".lora_B.weight"));
    }

    @Test
    void writesTheWeightsPeftWroteByteForByte() {
        AdapterWeights weights = PeftDirectory.read(TinyLlama.golden("compose-b"), BASE);
        assertThat(PeftDirectory.files(weights, BASE, "b", "made for a test").get(PeftDirectory.WEIGHTS))
                .isEqualTo(TinyLlama.golden("compose-b").get(PeftDirectory.WEIGHTS));
    }

    @Test
    void writesTheConfigurationAsPythonWould() {
        LoraConfig config = new LoraConfig(8, 16, 0.05, new TreeSet<>(Set.of("v_proj", "q_proj")), true);
        BaseDescription base = TinyLlama.base("tiny \"läma\" 😀\n\u007f");
        assertThat(PeftDirectory.files(random(config, 1), base, "x", "made for a test")
                        .get(PeftDirectory.CONFIG))
                .isEqualTo(TinyLlama.resource("adapter_config.python.json"));
    }

    @Test
    void readsBackWhatItWrote() {
        AdapterWeights weights = random(LoraConfig.of(4, 12.5, 0.1, Set.of("k_proj", "down_proj")), 2);
        PeftDirectory.Version version = PeftDirectory.version(NAME, BASE, weights, PeftDirectory.Lineage.none());
        assertThat(version.files())
                .containsOnlyKeys("README.md", "adapter_config.json", "adapter_model.safetensors", "millrace.json");
        assertThat(PeftDirectory.read(version.files(), BASE)).isEqualTo(weights);
        PeftDirectory.writeTo(directory.resolve("new/folder"), version.files());
        assertThat(PeftDirectory.read(directory.resolve("new/folder"), BASE)).isEqualTo(weights);
        assertThat(Manifest.parse(version.files().get(Manifest.FILE))).isEqualTo(version.manifest());
    }

    @Test
    void givesTheSameVersionTheSameBytes() {
        AdapterWeights weights = random(LoraConfig.of(4, 8, 0, Set.of("q_proj")), 3);
        PeftDirectory.Lineage lineage = new PeftDirectory.Lineage(
                Optional.empty(),
                Optional.empty(),
                new TreeSet<>(Set.of("engine 1")),
                List.of(new Manifest.Round(1, Digest.of("plan"), Digest.of("head"))));
        PeftDirectory.Version one = PeftDirectory.version(NAME, BASE, weights, lineage);
        PeftDirectory.Version two = PeftDirectory.version(NAME, BASE, weights, lineage);
        assertThat(one.id()).isEqualTo(two.id());
        one.files().forEach((name, content) -> assertThat(two.files().get(name)).isEqualTo(content));
        AdapterWeights other = random(LoraConfig.of(4, 8, 0, Set.of("q_proj")), 4);
        assertThat(PeftDirectory.version(NAME, BASE, other, lineage).id()).isNotEqualTo(one.id());
    }

    @ParameterizedTest
    @CsvSource({"F16,0.001", "BF16,0.01", "F64,0"})
    void readsOtherFloatTypesAsFloat32(TensorDType dtype, double relative) {
        SafetensorsFile f32 = SafetensorsFile.of(TinyLlama.golden("compose-c").get(PeftDirectory.WEIGHTS));
        Map<String, byte[]> files = new TreeMap<>(TinyLlama.golden("compose-c"));
        SafetensorsWriter writer = new SafetensorsWriter();
        f32.tensors()
                .forEach((name, tensor) -> writer.add(name, dtype, tensor.dims(), convert(f32.floats(name), dtype)));
        files.put(PeftDirectory.WEIGHTS, writer.toBytes());
        float[] read = PeftDirectory.read(files, BASE).modules().get(Q0).a();
        float[] expected = f32.floats("base_model.model." + Q0 + ".lora_A.weight");
        for (int i = 0; i < read.length; i++) {
            assertThat((double) read[i]).isCloseTo(expected[i], within(Math.abs(expected[i]) * relative + 1e-7));
        }
    }

    @Test
    void makesRanksAndAlphasOfSingleModulesEqualWithoutChangingTheFunction() {
        // Given an adapter of PEFT with rank_pattern and alpha_pattern
        Map<String, byte[]> files = TinyLlama.golden("rank-pattern");
        SafetensorsFile file = SafetensorsFile.of(files.get(PeftDirectory.WEIGHTS));
        Map<String, Double> scales = new TreeMap<>();
        for (ModuleShape module : BASE.linearModules()) {
            boolean down = module.suffix().equals("down_proj");
            double rank = down ? 2 : module.path().equals("model.layers.1.self_attn.q_proj") ? 4 : 8;
            scales.put(module.path(), (down ? 8 : 16) / rank);
        }
        // When it is read
        AdapterWeights weights = PeftDirectory.read(files, BASE);
        // Then s B A is the same for each module
        assertThat(weights.modules().values())
                .allMatch(p -> p.rank() == weights.config().rank());
        for (ModuleShape module : BASE.linearModules()) {
            String key = "base_model.model." + module.path();
            float[] a = file.floats(key + ".lora_A.weight");
            float[] b = file.floats(key + ".lora_B.weight");
            double[] expected = delta(a, b, module, scales.get(module.path()));
            LoraPair pair = weights.modules().get(module.path());
            double[] read = delta(pair.a(), pair.b(), module, weights.config().scale());
            for (int i = 0; i < expected.length; i++) {
                assertThat(read[i]).isCloseTo(expected[i], within(1e-6 * Math.abs(expected[i]) + 1e-9));
            }
        }
    }

    @Test
    void namesEverythingThatIsWrong() {
        // Given an adapter with one fault of each kind
        Map<String, byte[]> files = edited("compose-a", config -> {
            config.put("use_dora", true);
            config.put("bias", "all");
            config.putArray("modules_to_save").add("lm_head");
            config.putObject("rank_pattern").put(".*q_proj", 4);
        });
        files = weights(files, tensors -> {
            tensors.remove("base_model.model." + Q0 + ".lora_A.weight");
            tensors.remove("base_model.model.model.layers.0.mlp.up_proj.lora_B.weight");
            tensors.put("base_model.model.model.layers.7.self_attn.q_proj.lora_A.weight", new float[8 * 64]);
            tensors.put("base_model.model.lm_head.weight", new float[64]);
            tensors.put("base_model.model.model.layers.1.self_attn.k_proj.lora_A.weight", new float[8 * 63]);
            tensors.get("base_model.model.model.layers.1.self_attn.v_proj.lora_B.weight")[3] = Float.NaN;
            tensors.get("base_model.model.model.layers.1.self_attn.o_proj.lora_A.weight")[0] = Float.NEGATIVE_INFINITY;
        });
        Map<String, byte[]> bad = files;
        // When it is read, then the message names every one
        assertThatThrownBy(() -> PeftDirectory.read(bad, BASE))
                .satisfies(e -> assertCode(e, ErrorCode.INVALID_ADAPTER))
                .hasMessageContaining("use_dora")
                .hasMessageContaining("bias 'all'")
                .hasMessageContaining("modules_to_save")
                .hasMessageContaining(".*q_proj")
                .hasMessageContaining(Q0 + " has lora_B but no lora_A")
                .hasMessageContaining("model.layers.0.mlp.up_proj has lora_A but no lora_B")
                .hasMessageContaining(
                        "'base_model.model.model.layers.7.self_attn.q_proj.lora_A.weight' matches no module")
                .hasMessageContaining("'base_model.model.lm_head.weight' is no LoRA weight")
                .hasMessageContaining("model.layers.1.self_attn.k_proj has A of shape [504]")
                .hasMessageContaining("model.layers.1.self_attn.v_proj has 1 of 256 numbers in lora_B")
                .hasMessageContaining("model.layers.1.self_attn.o_proj has 1 of 512 numbers in lora_A")
                .hasMessageNotContaining("\n");
    }

    @Test
    void refusesWeightsAndTargetsThatDoNotAgree() {
        Map<String, byte[]> missing = weights(TinyLlama.golden("compose-c"), tensors -> {
            tensors.remove("base_model.model." + Q0 + ".lora_A.weight");
            tensors.remove("base_model.model." + Q0 + ".lora_B.weight");
        });
        assertThatThrownBy(() -> PeftDirectory.read(missing, BASE)).hasMessageContaining(Q0 + " has no weights");
        assertThatThrownBy(() -> PeftDirectory.read(
                        edited("compose-c", c -> c.putArray("target_modules").add("q_proj")), BASE))
                .hasMessageContaining("v_proj has weights, though it is no target module");
        assertThatThrownBy(() -> PeftDirectory.read(
                        edited("compose-c", c -> c.withArray("target_modules").add("wq")), BASE))
                .hasMessageContaining("target module 'wq' matches no module");
        assertThatThrownBy(() -> PeftDirectory.read(edited("compose-c", c -> c.put("r", 8)), BASE))
                .hasMessageContaining("has rank 16, but the configuration says 8");
        assertThatThrownBy(() -> PeftDirectory.read(edited("compose-c", c -> c.put("lora_alpha", -1)), BASE))
                .hasMessageContaining("lora_alpha is -1");
        assertThatThrownBy(() -> PeftDirectory.read(edited("compose-c", c -> c.put("peft_type", "IA3")), BASE))
                .hasMessageContaining("peft_type is IA3");
        assertThatThrownBy(
                        () -> PeftDirectory.read(edited("compose-c", c -> c.put("init_lora_weights", "pissa")), BASE))
                .hasMessageContaining("pissa");
    }

    @Test
    void fillsLayersThatWereLeftOutOnPurposeWithZeros() {
        Map<String, byte[]> files =
                edited("compose-c", c -> c.putArray("layers_to_transform").add(1));
        AdapterWeights weights = PeftDirectory.read(
                weights(files, tensors -> tensors.keySet().removeIf(name -> name.contains("layers.0."))), BASE);
        assertThat(weights.modules()).hasSize(4);
        assertThat(weights.modules().get(Q0).b()).containsOnly(0f);
    }

    @Test
    void refusesAnotherBaseByItsId() {
        PeftDirectory.Version version = PeftDirectory.version(
                NAME,
                TinyLlama.base("another"),
                random(LoraConfig.of(4, 8, 0, Set.of("q_proj")), 1),
                PeftDirectory.Lineage.none());
        assertThatThrownBy(() -> PeftDirectory.read(version.files(), BASE))
                .satisfies(e -> assertCode(e, ErrorCode.WRONG_BASE))
                .hasMessageContaining(Digest.of("another").hex());
    }

    @Test
    void refusesFilesThatAreNotTheManifests() {
        Map<String, byte[]> files = new TreeMap<>(PeftDirectory.version(
                        NAME, BASE, random(LoraConfig.of(4, 8, 0, Set.of("q_proj")), 1), PeftDirectory.Lineage.none())
                .files());
        files.put(PeftDirectory.CARD, "other".getBytes(StandardCharsets.UTF_8));
        assertThatThrownBy(() -> PeftDirectory.read(files, BASE))
                .satisfies(e -> assertCode(e, ErrorCode.INVALID_ADAPTER))
                .hasMessageContaining("README.md has the digest");
        files.remove(PeftDirectory.CARD);
        assertThatThrownBy(() -> PeftDirectory.read(files, BASE)).hasMessageContaining("README.md is missing");
    }

    @Test
    void refusesAnEmptyDirectoryAndBrokenFiles() throws IOException {
        assertThatThrownBy(() -> PeftDirectory.read(directory, BASE))
                .satisfies(e -> assertCode(e, ErrorCode.INVALID_ADAPTER))
                .hasMessageContaining("adapter_config.json is missing")
                .hasMessageContaining("adapter_model.safetensors is missing");
        Map<String, byte[]> broken = Map.of(PeftDirectory.CONFIG, new byte[] {'['}, PeftDirectory.WEIGHTS, new byte[3]);
        assertThatThrownBy(() -> PeftDirectory.read(broken, BASE))
                .satisfies(e -> assertCode(e, ErrorCode.INVALID_ADAPTER))
                .hasMessageContaining("adapter_config.json is no JSON object")
                .hasMessageContaining("truncated");
    }

    private static AdapterWeights random(LoraConfig config, long seed) {
        Random random = new Random(seed);
        Map<String, LoraPair> pairs = new TreeMap<>();
        for (ModuleShape module : BASE.linearModules()) {
            if (config.targetModules().contains(module.suffix())) {
                float[] a = new float[config.rank() * module.in()];
                float[] b = new float[config.rank() * module.out()];
                for (int i = 0; i < a.length; i++) {
                    a[i] = (float) random.nextGaussian();
                }
                for (int i = 0; i < b.length; i++) {
                    b[i] = (float) random.nextGaussian();
                }
                pairs.put(module.path(), new LoraPair(config.rank(), module.in(), module.out(), a, b));
            }
        }
        return AdapterWeights.of(config, pairs);
    }

    private static ByteBuffer convert(float[] values, TensorDType dtype) {
        ByteBuffer bytes = ByteBuffer.allocate(values.length * dtype.bytes()).order(ByteOrder.LITTLE_ENDIAN);
        for (float value : values) {
            switch (dtype) {
                case F16 -> bytes.putShort(HalfFloats.toF16(value));
                case BF16 -> bytes.putShort(HalfFloats.toBf16(value));
                default -> bytes.putDouble(value);
            }
        }
        return bytes.flip();
    }

    /** s B A, row by row. */
    private static double[] delta(float[] a, float[] b, ModuleShape module, double scale) {
        int rank = a.length / module.in();
        double[] delta = new double[module.out() * module.in()];
        for (int row = 0; row < module.out(); row++) {
            for (int column = 0; column < module.in(); column++) {
                double sum = 0;
                for (int r = 0; r < rank; r++) {
                    sum += (double) b[row * rank + r] * a[r * module.in() + column];
                }
                delta[row * module.in() + column] = scale * sum;
            }
        }
        return delta;
    }

    private static Map<String, byte[]> edited(String adapter, Consumer<ObjectNode> change) {
        try {
            Map<String, byte[]> files = new TreeMap<>(TinyLlama.golden(adapter));
            ObjectMapper mapper = new ObjectMapper();
            ObjectNode config = (ObjectNode) mapper.readTree(files.get(PeftDirectory.CONFIG));
            change.accept(config);
            files.put(PeftDirectory.CONFIG, mapper.writeValueAsBytes(config));
            return files;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The files with other weights; a tensor of unchanged length keeps its shape, another becomes a vector. */
    private static Map<String, byte[]> weights(Map<String, byte[]> files, Consumer<Map<String, float[]>> change) {
        SafetensorsFile file = SafetensorsFile.of(files.get(PeftDirectory.WEIGHTS));
        Map<String, float[]> tensors = new TreeMap<>();
        file.tensors().keySet().forEach(name -> tensors.put(name, file.floats(name)));
        change.accept(tensors);
        SafetensorsWriter writer = new SafetensorsWriter();
        tensors.forEach((name, values) -> writer.add(
                name,
                file.find(name)
                        .filter(t -> t.elements() == values.length)
                        .map(t -> t.dims())
                        .orElse(new long[] {values.length}),
                values));
        Map<String, byte[]> changed = new TreeMap<>(files);
        changed.put(PeftDirectory.WEIGHTS, writer.toBytes());
        return changed;
    }

    private static void assertCode(Throwable thrown, ErrorCode code) {
        assertThat(thrown).isInstanceOfSatisfying(MillraceException.class, e -> assertThat(e.code())
                .isEqualTo(code));
    }
}
