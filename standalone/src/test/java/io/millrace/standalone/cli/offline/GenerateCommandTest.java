package io.millrace.standalone.cli.offline;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.engine.base.BaseStore;
import io.millrace.standalone.cli.CommandRun;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Given PEFT directories and nothing that runs, when a prompt is answered. */
class GenerateCommandTest {
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
    private Path adapter(String name, long seed, int widening) {
        return RandomAdapter.write(folder.resolve(name), new BaseStore(folder.resolve("bases")), seed, widening);
    }
}
