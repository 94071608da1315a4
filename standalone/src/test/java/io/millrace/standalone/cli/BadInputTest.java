package io.millrace.standalone.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.standalone.system.DataFolder;
import io.millrace.standalone.system.FreePorts;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What can't be done ends in an exit code and one line that says what to do, before anything was started or stored. */
class BadInputTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--port 0",
                "--port 70000",
                "--kafka-port many",
                "--s3-port -1",
                "--dtype f64",
                "--device gpu",
                "--threads few",
                "--no-such-flag"
            })
    void aBadFlagOfUpIsWrongUsage(String flag) {
        CommandRun run = up(flag.split(" ", -1));

        assertThat(run.exit()).as(run.err()).isEqualTo(2);
        assertThat(run.err().strip().lines()).hasSize(1);
        assertThat(run.err()).contains("--help");
        assertThat(folder.resolve("data")).doesNotExist();
    }

    @ParameterizedTest
    @ValueSource(strings = {"--port", "--kafka-port", "--s3-port"})
    void aTakenPortIsNamedWithItsFlag(String flag) throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            CommandRun run = up(flag, Integer.toString(taken.getLocalPort()));

            assertFailed(run, Integer.toString(taken.getLocalPort()), flag, "choose another port");
            assertThat(folder.resolve("data")).doesNotExist();
        }
    }

    @Test
    void aGpuThatIsNotThereIsNotWaitedFor() {
        assertFailed(up("--device", "cuda:99"), "cuda:99", "--device cpu");
        assertThat(folder.resolve("data")).doesNotExist();
    }

    @Test
    void anotherBaseOnAnExistingFolderIsRefused() {
        try (DataFolder data = DataFolder.take(folder.resolve("data"))) {
            data.requireBase("smollm2-135m-instruct", "0".repeat(64));
        }

        assertFailed(up(), "smollm2-135m-instruct", "nano", "--base", "--data-dir");
    }

    @Test
    void aFolderThatIsInUseOrNoFolderIsRefused() throws IOException {
        try (DataFolder data = DataFolder.take(folder.resolve("data"))) {
            assertThat(data.log()).isNotNull();
            assertFailed(up(), "another system runs", "--data-dir");
        }
        Files.delete(folder.resolve("data/lock"));
        Files.delete(folder.resolve("data"));
        Files.writeString(folder.resolve("data"), "a file");
        assertFailed(up(), "--data-dir");
    }

    @Test
    void anEmptyBaseIsNotImported() throws IOException {
        Path empty = Files.createDirectory(folder.resolve("empty"));
        Path noWeights = Files.createDirectory(folder.resolve("no-weights"));
        Files.writeString(noWeights.resolve("config.json"), "{}");
        Path file = Files.createFile(folder.resolve("empty.gguf"));

        assertFailed(importFrom(empty), "config.json");
        assertFailed(importFrom(noWeights), "config.json");
        assertFailed(importFrom(file), "empty.gguf");
        assertFailed(importFrom(folder.resolve("nowhere")), "nowhere");
        assertNothingImported();
    }

    @Test
    void aTruncatedBaseIsNotImported() throws IOException {
        Path directory = Files.createDirectory(folder.resolve("truncated"));
        Files.writeString(
                directory.resolve("config.json"),
                "{\"architectures\": [\"LlamaForCausalLM\"], \"model_type\": \"llama\", \"vocab_size\": 64,"
                        + " \"hidden_size\": 16, \"intermediate_size\": 24, \"num_hidden_layers\": 1,"
                        + " \"num_attention_heads\": 2, \"num_key_value_heads\": 1, \"rms_norm_eps\": 1e-5,"
                        + " \"rope_theta\": 10000.0, \"max_position_embeddings\": 128, \"tie_word_embeddings\": true,"
                        + " \"eos_token_id\": 2, \"hidden_act\": \"silu\"}");
        String header =
                "{\"model.embed_tokens.weight\":{\"dtype\":\"F32\",\"shape\":[64,16],\"data_offsets\":[0,4096]}}";
        byte[] weights = new byte[8 + header.length() + 100];
        weights[0] = (byte) header.length();
        System.arraycopy(header.getBytes(StandardCharsets.UTF_8), 0, weights, 8, header.length());
        Files.write(directory.resolve("model.safetensors"), weights);
        Path gguf = Files.write(folder.resolve("cut.gguf"), "GGUF\3\0\0\0\5".getBytes(StandardCharsets.ISO_8859_1));

        assertFailed(importFrom(directory), "model.safetensors");
        assertFailed(importFrom(gguf), "cut.gguf");
        assertNothingImported();
    }

    @Test
    void aBaseThatNobodyHasSaysHowToGetIt() {
        assertFailed(
                CommandRun.of("up", "--base", "no-such-base", "--base-dir", bases(), "--data-dir", data()),
                "no-such-base",
                "smollm2-135m-instruct");
    }

    private CommandRun up(String... more) {
        List<String> args = new java.util.ArrayList<>(List.of(
                "up",
                "--base",
                "nano",
                "--base-dir",
                bases(),
                "--data-dir",
                data(),
                "--port",
                free(),
                "--kafka-port",
                free(),
                "--s3-port",
                free()));
        for (int i = 0; i + 1 < more.length; i += 2) {
            int at = args.indexOf(more[i]);
            if (at >= 0) { // an option may be given once
                args.remove(at + 1);
                args.remove(at);
            }
        }
        args.addAll(List.of(more));
        return CommandRun.of(args.toArray(String[]::new));
    }

    private CommandRun importFrom(Path path) {
        return CommandRun.of("base", "import", path.toString(), "--base-dir", bases());
    }

    private void assertNothingImported() {
        CommandRun list = CommandRun.of("base", "list", "--json", "--base-dir", bases());
        assertThat(list.out().strip()).isEqualTo("[]");
    }

    private static void assertFailed(CommandRun run, String... says) {
        assertThat(run.exit()).as(run.err()).isEqualTo(1);
        assertThat(run.err().strip().lines()).as(run.err()).hasSize(1);
        assertThat(run.err()).contains(says);
        assertThat(run.out()).doesNotContain("READY");
    }

    private String bases() {
        return folder.resolve("bases").toString();
    }

    private String data() {
        return folder.resolve("data").toString();
    }

    private static String free() {
        return Integer.toString(FreePorts.one());
    }
}
