package io.millrace.standalone.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millrace.standalone.architecture.Repository;
import io.millrace.standalone.cli.MillraceCommandLine;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Each command that the README names, as it stands there, with the smallest base. CI's own script runs the two that
 * take minutes.
 */
@Timeout(600)
class ReadmeIT {
    private static final Duration A_WHILE = Duration.ofMinutes(2);
    private static final Pattern SHELL_BLOCK = Pattern.compile("```sh\\R(.*?)```", Pattern.DOTALL);
    private static final Pattern IN_TEXT = Pattern.compile("`((?:\\./millrace|mvn) [^`]*)`");

    @TempDir
    Path scratch;

    private final String readme = Repository.read(Repository.root().resolve("README.md"));

    @Test
    void everyCommandDoesWhatItSays() throws Exception {
        List<String> commands = commands();
        assertThat(commands).hasSizeGreaterThan(8);
        OneSystem system = OneSystem.in(scratch);
        Files.writeString(scratch.resolve("examples.jsonl"), exampleLine());

        List<ChildProcess> running = new ArrayList<>();
        try {
            for (String command : commands) {
                if (command.equals("./millrace up")) {
                    ChildProcess up = system.shell(command);
                    running.add(up);
                    up.awaitLine("READY " + system.url(), A_WHILE);
                } else if (command.startsWith("mvn ") || command.startsWith("./millrace demo")) {
                    assertThat(Repository.read(Repository.root().resolve(".ci/run")))
                            .as("CI runs " + command)
                            .contains(
                                    command.startsWith("mvn")
                                            ? "\"$MVN\" -B -ntp verify"
                                            : "./millrace demo --base nano");
                } else {
                    try (ChildProcess child = system.shell(command)) {
                        assertThat(child.exit(A_WHILE))
                                .as(command + ": " + child.err())
                                .isZero();
                        assertThat(child.out()).as(command).isNotBlank();
                    }
                }
                if (command.contains(" push ")) {
                    await().atMost(A_WHILE).until(() -> !system.json("adapters", "versions", "acme/support")
                            .isEmpty());
                }
            }
            assertThat(running).hasSize(1);
        } finally {
            running.forEach(ChildProcess::close);
        }
    }

    @Test
    void theHelpListsEveryCommand() throws Exception {
        try (ChildProcess help = OneSystem.in(scratch).shell("./millrace --help")) {
            assertThat(help.exit(A_WHILE)).isZero();
            for (String command : MillraceCommandLine.create().getSubcommands().keySet()) {
                assertThat(help.out()).containsPattern("(?m)^\\s*" + command + "\\b");
            }
        }
    }

    @Test
    void filesThatTheReadmeLinksToAreThere() {
        Matcher links = Pattern.compile("]\\((docs/[^)#]+)\\)").matcher(readme);
        assertThat(links.results().map(link -> Repository.root().resolve(link.group(1))))
                .isNotEmpty()
                .allMatch(Files::exists);
    }

    private List<String> commands() {
        Stream<String> blocks = SHELL_BLOCK
                .matcher(readme)
                .results()
                .flatMap(block -> block.group(1).lines())
                .map(line -> line.replaceAll("\\s+#.*", ""));
        Stream<String> inText = IN_TEXT.matcher(readme).results().map(text -> text.group(1));
        return Stream.concat(blocks, inText)
                .map(String::strip)
                .filter(line -> !line.isEmpty())
                .distinct()
                .toList();
    }

    /** The one the README shows, with its ellipses filled in. */
    private String exampleLine() {
        Matcher shown = Pattern.compile("(\\{\"adapter\".*?})").matcher(readme);
        assertThat(shown.find()).as("the README shows an example").isTrue();
        return shown.group(1).replace("…", "Where is it?") + "\n";
    }
}
