package io.millrace.standalone.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.standalone.system.FreePorts;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** What every command promises: exit codes, one line of error that says what to do, where settings come from. */
class MillraceCommandLineTest {
    private static final String NOBODY = "http://127.0.0.1:" + FreePorts.one();

    @Test
    void wrongUsageIsOneLineAndExitCode2() {
        for (String[] wrong : List.of(
                new String[] {},
                new String[] {"asks"},
                new String[] {"ask"},
                new String[] {"ask", "hello", "--no-such-option"},
                new String[] {"ask", "hello", "--max-tokens", "many"})) {
            CommandRun run = CommandRun.of(wrong);

            assertThat(run.exit()).as(String.join(" ", wrong)).isEqualTo(2);
            assertThat(run.err().strip().lines()).hasSize(1);
            assertThat(run.err()).contains("--help");
            assertThat(run.out()).isEmpty();
        }
    }

    @Test
    void everyCommandHasHelp() {
        assertHelp(MillraceCommandLine.create(Map.of()), List.of());
    }

    @Test
    void aServerThatIsNotThereIsExitCode1AndSaysWhatToDo() {
        CommandRun run = CommandRun.of("ask", "hello", "--server", NOBODY);

        assertThat(run.exit()).isEqualTo(1);
        assertThat(run.err().strip().lines()).hasSize(1);
        assertThat(run.err()).contains(NOBODY).contains("millrace up").contains("--server");
    }

    @Test
    void aFlagStandsAboveTheEnvironment() {
        Map<String, String> environment = Map.of("MILLRACE_SERVER", NOBODY + "/from-environment");

        assertThat(CommandRun.with(environment, "ask", "hello").err()).contains("/from-environment");
        assertThat(CommandRun.with(environment, "ask", "hello", "--server", NOBODY + "/from-flag")
                        .err())
                .contains("/from-flag")
                .doesNotContain("/from-environment");
    }

    @Test
    void aServerAddressThatIsNoneIsRefused() {
        CommandRun run = CommandRun.of("ask", "hello", "--server", "localhost");

        assertThat(run.exit()).isEqualTo(1);
        assertThat(run.err()).contains("http://127.0.0.1:8080");
    }

    @Test
    void pushRefusesAFileThatIsNotThere(@TempDir Path folder) {
        CommandRun run = CommandRun.of("push", folder.resolve("none.jsonl").toString(), "--server", NOBODY);

        assertThat(run.exit()).isEqualTo(1);
        assertThat(run.err()).contains("none.jsonl is no file");
    }

    @Test
    void pushSaysOnceThatKafkaIsNotThere(@TempDir Path folder) throws Exception {
        Path file = Files.writeString(folder.resolve("some.jsonl"), "{}\n{}\n{}\n");

        CommandRun run = CommandRun.of("push", file.toString(), "--kafka", "127.0.0.1:" + FreePorts.one());

        assertThat(run.exit()).isEqualTo(1);
        assertThat(run.err()).contains("Kafka at 127.0.0.1").contains("--kafka");
    }

    @Test
    void doctorTellsOfEachPartAsJson() throws Exception {
        CommandRun run = CommandRun.of("doctor", "--json", "--server", NOBODY);

        JsonNode checks = new ObjectMapper().readTree(run.out());
        assertThat(checks.findValuesAsText("name")).contains("JDK", "libtorch", "device", "instruction set", "memory");
        assertThat(checks.get(0).path("ok").asBoolean()).isTrue();
    }

    private static void assertHelp(CommandLine command, List<String> path) {
        List<String> args = new java.util.ArrayList<>(path);
        args.add("--help");
        CommandRun run = CommandRun.of(args.toArray(String[]::new));
        assertThat(run.exit()).as(String.join(" ", args)).isZero();
        assertThat(run.out()).contains("Usage:");
        for (Map.Entry<String, CommandLine> sub : command.getSubcommands().entrySet()) {
            if (!sub.getKey().equals("help")) {
                List<String> deeper = new java.util.ArrayList<>(path);
                deeper.add(sub.getKey());
                assertHelp(sub.getValue(), deeper);
            }
        }
    }
}
