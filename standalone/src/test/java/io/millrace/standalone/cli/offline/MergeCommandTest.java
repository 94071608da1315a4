package io.millrace.standalone.cli.offline;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.engine.base.BaseStore;
import io.millrace.standalone.cli.CommandRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Given PEFT directories, when their weighted sum is written. */
class MergeCommandTest {
    @TempDir
    Path folder;

    private Path first;
    private Path second;
    private Path target;

    @BeforeEach
    void twoAdapters() {
        BaseStore bases = new BaseStore(folder.resolve("bases"));
        first = RandomAdapter.write(folder.resolve("first"), bases, 1, 1);
        second = RandomAdapter.write(folder.resolve("second"), bases, 2, 1);
        target = folder.resolve("merged");
    }

    @Test
    void theAdapterAnswersAsTheSumDoes() throws IOException {
        JsonNode merged = json(merge("--adapter", first + "=0.5", "--adapter", second + "=-0.25"));

        assertThat(merged.path("rank").asInt()).isEqualTo(2 * RandomAdapter.RANK);
        assertThat(answer("nano", "--adapter", target.toString()))
                .isEqualTo(answer("nano", "--adapter", first + "=0.5", "--adapter", second + "=-0.25"))
                .isNotEqualTo(answer("nano"));
        assertThat(target.resolve("README.md")).content().contains("0.5 x first, -0.25 x second");
    }

    @Test
    void theDenseModelAnswersAsTheSumDoes() throws IOException {
        json(merge("--as", "dense", "--adapter", first + "=0.5", "--adapter", second + "=-0.25"));

        String bases = folder.resolve("bases").toString();
        CommandRun imported =
                CommandRun.of("base", "import", target.toString(), "--dense", "--name", "merged", "--base-dir", bases);
        assertThat(imported.exit()).as(imported.err()).isZero();
        assertThat(answer("merged", "--dtype", "f32"))
                .isEqualTo(answer("nano", "--adapter", first + "=0.5", "--adapter", second + "=-0.25"))
                .isNotEqualTo(answer("nano"));
    }

    @Test
    void whatIsThereIsNotWrittenOver() throws IOException {
        Files.createDirectory(target);
        Files.writeString(target.resolve("mine.txt"), "mine");

        for (String form : List.of("adapter", "dense")) {
            CommandRun run = merge("--as", form, "--adapter", first.toString());

            assertThat(run.exit()).isEqualTo(1);
            assertThat(run.err()).contains("holds files already", "another --out");
        }
        try (var files = Files.list(target)) {
            assertThat(files).containsExactly(target.resolve("mine.txt"));
        }
    }

    @Test
    void anAdapterOfAnotherBaseWritesNothing() {
        Path wide = RandomAdapter.write(folder.resolve("wide"), new BaseStore(folder.resolve("bases")), 3, 2);

        for (String form : List.of("adapter", "dense")) {
            CommandRun run = merge("--as", form, "--adapter", first.toString(), "--adapter", wide.toString());

            assertThat(run.exit()).isEqualTo(1);
            assertThat(run.err()).contains("q_proj");
            assertThat(target).doesNotExist();
        }
    }

    @Test
    void wrongUsageSaysWhatToDo() {
        assertThat(merge())
                .satisfies(run -> assertThat(run.exit()).isEqualTo(2))
                .satisfies(run -> assertThat(run.err()).contains("--adapter"));
        assertThat(merge("--adapter", first.toString(), "--dtype", "bf16"))
                .satisfies(run -> assertThat(run.exit()).isEqualTo(2))
                .satisfies(run -> assertThat(run.err()).contains("--as dense"));
    }

    private CommandRun merge(String... more) {
        List<String> arguments = new ArrayList<>(List.of("merge", "--base", "nano", "--out", target.toString()));
        arguments.addAll(List.of("--base-dir", folder.resolve("bases").toString(), "--json"));
        arguments.addAll(List.of(more));
        return CommandRun.of(arguments.toArray(new String[0]));
    }

    private String answer(String base, String... more) throws IOException {
        List<String> arguments = new ArrayList<>(List.of("generate", "--base", base, "--max-tokens", "16", "--json"));
        arguments.addAll(List.of("--base-dir", folder.resolve("bases").toString(), "--device", "cpu"));
        arguments.addAll(List.of(more));
        arguments.add("Where is my order?");
        return json(CommandRun.of(arguments.toArray(new String[0])))
                .path("text")
                .asText();
    }

    private static JsonNode json(CommandRun run) throws IOException {
        assertThat(run.exit()).as(run.err()).isZero();
        return new ObjectMapper().readTree(run.out());
    }
}
