package io.millrace.standalone.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.core.AdapterWeights;
import io.millrace.core.BaseDescription;
import io.millrace.core.LoraConfig;
import io.millrace.core.LoraPair;
import io.millrace.core.ModuleShape;
import io.millrace.core.peft.PeftDirectory;
import io.millrace.engine.base.Base;
import io.millrace.engine.base.BaseStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Given PEFT directories and nothing that runs, when a prompt is answered. */
class GenerateCommandTest {
    private static final int RANK = 4;

    @TempDir
    Path folder;

    @Test
    void theWeightsOfAdaptersCount() throws IOException {
        Path first = adapter("first", 1, 1);
        Path second = adapter("second", 2, 1);

        String base = answer();
        String withFirst = answer("--adapter", first.toString());

        assertThat(base).isNotEmpty().isEqualTo(answer());
        assertThat(withFirst).isNotEqualTo(base);
        assertThat(answer("--adapter", first + "=0")).isEqualTo(base);
        assertThat(answer("--adapter", first + "=0.5", "--adapter", first + "=0.5"))
                .isEqualTo(withFirst);
        assertThat(answer("--adapter", first.toString(), "--adapter", second + "=1"))
                .isNotEqualTo(withFirst);
        assertThat(answer("--adapter", first + "=1", "--adapter", second + "=0"))
                .isEqualTo(withFirst);
    }

    @Test
    void aFolderWithAnEqualsSignIsTakenAsItIs() throws IOException {
        Path odd = adapter("a=0", 1, 1);

        assertThat(answer("--adapter", odd.toString())).isNotEqualTo(answer());
    }

    @Test
    void aSeedDrawsTheSameAgain() throws IOException {
        String drawn = answer("--temperature", "1.5", "--seed", "7");

        assertThat(answer("--temperature", "1.5", "--seed", "7")).isEqualTo(drawn);
        assertThat(answer("--temperature", "1.5", "--seed", "8")).isNotEqualTo(drawn);
    }

    @Test
    void whatPeopleReadIsTheAnswerAlone() throws IOException {
        CommandRun run = generate();

        assertThat(run.exit()).as(run.err()).isZero();
        assertThat(run.out()).endsWith(answer() + System.lineSeparator());
    }

    @Test
    void anAdapterOfOtherShapesIsRefused() throws IOException {
        CommandRun run = generate("--adapter", adapter("wide", 1, 2).toString());

        assertThat(run.exit()).isEqualTo(1);
        assertThat(run.err()).contains("generate: ").contains("q_proj");
        assertThat(run.err().strip().lines()).hasSize(1);
    }

    @Test
    void badInputSaysWhatToDo() {
        assertThat(generate("--adapter", folder.resolve("nowhere").toString()))
                .satisfies(run -> assertThat(run.exit()).isEqualTo(1))
                .satisfies(run -> assertThat(run.err()).contains("nowhere"));
        assertThat(generate("--adapter", folder + "=much"))
                .satisfies(run -> assertThat(run.exit()).isEqualTo(2))
                .satisfies(run -> assertThat(run.err()).contains("'much' is no weight", "DIR=0.5"));
        assertThat(generate("--top-p", "0"))
                .satisfies(run -> assertThat(run.exit()).isEqualTo(1))
                .satisfies(run -> assertThat(run.err()).contains("top_p"));
    }

    private String answer(String... more) throws IOException {
        List<String> arguments = new ArrayList<>(List.of(more));
        arguments.add("--json");
        CommandRun run = generate(arguments.toArray(new String[0]));
        assertThat(run.exit()).as(run.err()).isZero();
        JsonNode result = new ObjectMapper().readTree(run.out());
        assertThat(result.path("new_tokens").asInt()).isPositive();
        return result.path("text").asText();
    }

    private CommandRun generate(String... more) {
        List<String> arguments = new ArrayList<>(List.of("generate", "--base", "nano", "--max-tokens", "24"));
        arguments.addAll(List.of("--base-dir", folder.resolve("bases").toString(), "--device", "cpu"));
        arguments.addAll(List.of(more));
        arguments.add("Where is my order?");
        return CommandRun.of(arguments.toArray(new String[0]));
    }

    /** @param widening of the inputs; 1: as the base's */
    private Path adapter(String name, long seed, int widening) throws IOException {
        try (Base nano = new BaseStore(folder.resolve("bases")).open("nano")) {
            BaseDescription base = nano.description();
            SplittableRandom random = new SplittableRandom(seed);
            Map<String, LoraPair> modules = new HashMap<>();
            for (ModuleShape module : base.linearModules()) {
                int in = widening * module.in();
                modules.put(
                        module.path(),
                        new LoraPair(
                                RANK,
                                in,
                                module.out(),
                                random(random, RANK * in),
                                random(random, module.out() * RANK)));
            }
            AdapterWeights weights =
                    AdapterWeights.of(LoraConfig.of(RANK, RANK, 0, Set.copyOf(LoraConfig.ALL_LINEAR)), modules);
            Path directory = Files.createDirectories(folder.resolve(name));
            PeftDirectory.writeTo(directory, PeftDirectory.files(weights, base, name));
            return directory;
        }
    }

    private static float[] random(SplittableRandom random, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) (random.nextDouble() - 0.5);
        }
        return values;
    }
}
