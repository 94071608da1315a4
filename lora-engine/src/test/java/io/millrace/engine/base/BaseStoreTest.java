package io.millrace.engine.base;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.millrace.core.BaseDescription;
import io.millrace.core.BaseDescription.Quantisation;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.core.safetensors.SafetensorsFile;
import io.millrace.core.safetensors.SafetensorsWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class BaseStoreTest {
    private static final Path TINY = Path.of("src/test/resources/golden/models/tiny-llama");
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path temp;

    private Path root;
    private Path source;
    private BaseStore store;

    @BeforeEach
    void aStoreAndASource() throws IOException {
        root = temp.resolve("bases");
        source = Files.createDirectory(temp.resolve("source"));
        try (Stream<Path> files = Files.list(TINY)) {
            for (Path file : files.toList()) {
                Files.copy(file, source.resolve(file.getFileName().toString()));
            }
        }
        store = new BaseStore(root);
    }

    @Test
    void anImportedBaseIsListedAndOpened() {
        // Given an import
        List<Long> progress = new ArrayList<>();
        BaseDescription imported = store.importFrom(
                "org/tiny", source, Quantisation.NF4, (stage, done, total) -> progress.add(total - done));

        // When the store is opened anew
        BaseStore again = new BaseStore(root);

        // Then the base is there by name and by id
        assertThat(again.list()).singleElement().satisfies(entry -> {
            assertThat(entry.description()).isEqualTo(imported);
            assertThat(entry.bytes()).isPositive();
        });
        try (Base byName = again.open("org/tiny");
                Base byId = again.open(imported.id().hex().substring(0, 8))) {
            assertThat(byName.description()).isEqualTo(imported);
            assertThat(byId.description()).isEqualTo(imported);
            assertThat(byName.tensor("model.layers.0.mlp.up_proj.weight")).isInstanceOf(BaseTensor.Nf4.class);
        }
        assertThat(progress).isSortedAccordingTo((a, b) -> Long.compare(b, a)).endsWith(0L);
    }

    @Test
    void importingTheSameAgainChangesNothing() {
        BaseDescription first = store.importFrom("tiny", source, Quantisation.NF4, ImportProgress.silent());
        BaseDescription second = store.importFrom("tiny", source, Quantisation.NF4, ImportProgress.silent());
        assertThat(second).isEqualTo(first);
        assertThat(store.list()).hasSize(1);
    }

    @Test
    void aNameGoesToTheLatestImport() {
        // Given a base with a name
        BaseDescription nf4 = store.importFrom("tiny", source, Quantisation.NF4, ImportProgress.silent());

        // When another content takes the name
        BaseDescription dense = store.importFrom("tiny", source, Quantisation.DENSE, ImportProgress.silent());

        // Then both can be opened, the older by its id
        try (Base byName = store.open("tiny");
                Base byId = store.open(nf4.id().hex())) {
            assertThat(byName.description().id()).isEqualTo(dense.id());
            assertThat(byId.description().quantisation()).isEqualTo(Quantisation.NF4);
        }
    }

    @Test
    void theOlderFormOfTheConfigurationIsRead() throws IOException {
        // Given rope_theta and rope_scaling instead of rope_parameters
        config(json -> {
            json.remove("rope_parameters");
            json.put("rope_theta", 500000.0);
            json.putObject("rope_scaling")
                    .put("type", "llama3")
                    .put("factor", 32.0)
                    .put("low_freq_factor", 1.0)
                    .put("high_freq_factor", 4.0)
                    .put("original_max_position_embeddings", 8192);
            json.putArray("eos_token_id").add(2).add(3);
        });

        // When imported, then all of it is in the description
        BaseDescription base = store.importFrom("tiny", source, Quantisation.NF4, ImportProgress.silent());
        assertThat(base.rope().theta()).isEqualTo(500000.0);
        assertThat(base.rope().scaling()).contains(new BaseDescription.Llama3Scaling(32, 1, 4, 8192));
        assertThat(base.eosTokenIds()).containsExactly(2, 3);
        try (Base opened = store.open("tiny")) {
            assertThat(opened.description()).isEqualTo(base);
        }
    }

    @Test
    void shardsAreReadThroughTheirIndex() throws IOException {
        // Given the tensors in two files
        try (SafetensorsFile whole = SafetensorsFile.open(TINY.resolve("model.safetensors"))) {
            ObjectNode index = JSON.createObjectNode();
            SafetensorsWriter first = new SafetensorsWriter();
            SafetensorsWriter second = new SafetensorsWriter();
            for (String name : whole.tensors().keySet()) {
                boolean one = name.hashCode() % 2 == 0;
                (one ? first : second)
                        .add(name, whole.info(name).dtype(), whole.info(name).dims(), whole.data(name));
                index.withObject("/weight_map").put(name, one ? "a.safetensors" : "b.safetensors");
            }
            first.writeTo(source.resolve("a.safetensors"));
            second.writeTo(source.resolve("b.safetensors"));
            Files.writeString(source.resolve("model.safetensors.index.json"), index.toString());
        }
        Files.delete(source.resolve("model.safetensors"));

        // When imported, then it is the same base as from one file
        BaseDescription sharded = store.importFrom("sharded", source, Quantisation.NF4, ImportProgress.silent());
        BaseDescription whole = store.importFrom("whole", TINY, Quantisation.NF4, ImportProgress.silent());
        assertThat(sharded.id()).isEqualTo(whole.id());
    }

    @Test
    void aStoredBaseIsItselfABitsAndBytesDirectory() throws IOException {
        // Given a stored NF4 base with its source's config.json beside it
        BaseDescription base = store.importFrom("tiny", source, Quantisation.NF4, ImportProgress.silent());
        Path directory = store.find("tiny").orElseThrow().directory();
        Files.copy(source.resolve("config.json"), directory.resolve("config.json"));
        Files.copy(source.resolve("generation_config.json"), directory.resolve("generation_config.json"));

        // When that directory is imported, then the same base comes out
        BaseDescription again = store.importFrom("again", directory, Quantisation.NF4, ImportProgress.silent());
        assertThat(again.id()).isEqualTo(base.id());
        try (Base dense = Bases.openDirectory(directory, Quantisation.DENSE);
                Base nf4 = store.open("tiny")) {
            String name = "model.layers.0.mlp.up_proj.weight";
            BaseTensor.Dense numbers = (BaseTensor.Dense) dense.tensor(name);
            float[] values = new float[numbers.data().remaining() / 4];
            numbers.data().asFloatBuffer().get(values);
            assertThat(values).isEqualTo(Nf4.dequantise((BaseTensor.Nf4) nf4.tensor(name)));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "config.json, BAD_BASE",
        "model.safetensors, BAD_BASE",
        "tokenizer.json, BAD_BASE",
    })
    void aMissingFileIsNamed(String file, ErrorCode code) throws IOException {
        Files.delete(source.resolve(file));
        refused(code, file);
    }

    @ParameterizedTest
    @ValueSource(strings = {"config.json", "model.safetensors", "tokenizer.json"})
    void aTruncatedFileIsNamed(String file) throws IOException {
        byte[] bytes = Files.readAllBytes(source.resolve(file));
        Files.write(source.resolve(file), java.util.Arrays.copyOf(bytes, bytes.length / 2));
        refused(file.startsWith("model") ? ErrorCode.BAD_SAFETENSORS : ErrorCode.BAD_BASE, file);
    }

    @ParameterizedTest
    @CsvSource({
        "model_type, qwen2, qwen2",
        "model_type, mistral, sliding window",
        "hidden_act, gelu, gelu",
        "attention_bias, true, biases",
    })
    void whatWouldChangeTheNumbersIsRefused(String field, String value, String named) throws IOException {
        config(json -> {
            if (value.equals("true")) {
                json.put(field, true);
            } else {
                json.put(field, value);
            }
            json.put("sliding_window", 16);
        });
        refused(ErrorCode.UNSUPPORTED_BASE, named);
    }

    @Test
    void anUnknownRotaryScalingIsRefused() throws IOException {
        config(json -> json.withObject("/rope_parameters").put("rope_type", "yarn"));
        refused(ErrorCode.UNSUPPORTED_BASE, "yarn");
    }

    @Test
    void aWrongShapeIsRefused() throws IOException {
        config(json -> json.put("intermediate_size", 160));
        refused(ErrorCode.BAD_BASE, "[176, 64]");
    }

    @Test
    void aMissingTensorIsRefused() throws IOException {
        config(json -> json.put("num_hidden_layers", 3));
        refused(ErrorCode.BAD_BASE, "model.layers.2.input_layernorm.weight");
    }

    @Test
    void weightsThatArentNumbersAreRefused() throws IOException {
        try (SafetensorsFile whole = SafetensorsFile.open(TINY.resolve("model.safetensors"))) {
            SafetensorsWriter writer = new SafetensorsWriter();
            for (String name : whole.tensors().keySet()) {
                float[] values = whole.floats(name);
                values[3] = name.contains("1.mlp.up_proj") ? Float.NaN : values[3];
                writer.add(name, whole.info(name).dims(), values);
            }
            writer.writeTo(source.resolve("model.safetensors"));
        }
        refused(ErrorCode.BAD_BASE, "model.layers.1.mlp.up_proj.weight");
    }

    @Test
    void aPathThatIsntThereIsRefused() {
        source = temp.resolve("nothing");
        refused(ErrorCode.BAD_BASE, "nothing");
    }

    @Test
    void anUnknownNameSaysHowToGetIt() {
        assertThatExceptionOfType(MillraceException.class)
                .isThrownBy(() -> store.open("smollm2"))
                .withMessageContaining("millrace base pull smollm2")
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.UNKNOWN_BASE));
    }

    @Test
    void aDamagedBaseIsntOpened() throws IOException {
        // Given a stored base whose template was edited
        store.importFrom("tiny", source, Quantisation.NF4, ImportProgress.silent());
        Path directory = store.find("tiny").orElseThrow().directory();
        Files.writeString(directory.resolve("chat_template.jinja"), "{{ messages }}");

        // When it is opened, then it is refused
        assertThatExceptionOfType(MillraceException.class)
                .isThrownBy(() -> store.open("tiny"))
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.BAD_BASE));
    }

    @Test
    void nanoIsMadeOnTheSpotAndTheSameEverywhere() {
        // Given two empty stores, when nano is opened in both
        try (Base here = store.open("nano");
                Base there = new BaseStore(temp.resolve("other")).open("nano")) {
            // Then it is the same small base, with a tokenizer that knows the chat tokens
            assertThat(here.description()).isEqualTo(there.description());
            assertThat(here.description().vocabSize())
                    .isEqualTo(here.tokenizer().vocabSize());
            String text = "<|im_start|>user\nHow do I get 25 new cards?<|im_end|>\n";
            int[] ids = here.tokenizer().encode(text);
            assertThat(ids).startsWith(1).hasSizeLessThan(30);
            assertThat(here.tokenizer().decode(ids, false)).isEqualTo(text);
        }
    }

    private void config(Consumer<ObjectNode> change) throws IOException {
        Path file = source.resolve("config.json");
        ObjectNode json = (ObjectNode) JSON.readTree(Files.readAllBytes(file));
        change.accept(json);
        Files.writeString(file, json.toString());
    }

    private void refused(ErrorCode code, String named) {
        assertThatExceptionOfType(MillraceException.class)
                .isThrownBy(() -> store.importFrom("tiny", source, Quantisation.NF4, ImportProgress.silent()))
                .withMessageContaining(named)
                .satisfies(e -> assertThat(e.code()).isEqualTo(code));
        assertThat(store.list()).isEmpty();
        assertThat(store.find("tiny")).isEmpty();
        assertThat(root.toFile().list()).isNullOrEmpty();
    }
}
