package io.millrace.standalone.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** What no file of the repository may hold: people's own mirrors and paths must work, and a clone must stay small. */
class SourceHygieneTest {
    private static final long MAX_FILE_BYTES = 1_000_000;

    /** Registries are reached through each tool's own settings, never by name. */
    private static final Pattern REGISTRY_HOST = Pattern.compile(
            "repo1?\\.maven\\.(apache\\.)?org|pypi\\.(python\\.)?org|files\\.pythonhosted\\.org|registry\\.npmjs\\.org"
                    + "|central\\.sonatype\\.(com|org)|oss\\.sonatype\\.org");

    private static final Pattern MACHINE_PATH = Pattern.compile("(^|[\\s\"'(=`])/(work|home|root|tmp)/[A-Za-z.]");

    @Test
    void noFileNamesARegistryHostOrAPathOfOneMachine() {
        List<String> violations = new ArrayList<>();
        for (Path file : Repository.files()) {
            if (file.endsWith("SourceHygieneTest.java") || !isText(file)) {
                continue;
            }
            String text = Repository.read(file);
            for (Pattern forbidden : List.of(REGISTRY_HOST, MACHINE_PATH)) {
                forbidden
                        .matcher(text)
                        .results()
                        .forEach(match -> violations.add(Repository.root().relativize(file) + ": "
                                + match.group().strip()));
            }
        }
        assertThat(violations).isEmpty();
    }

    @Test
    void noFileIsLargerThanAMegabyte() throws Exception {
        List<String> violations = new ArrayList<>();
        for (Path file : Repository.files()) {
            if (Files.size(file) > MAX_FILE_BYTES) {
                violations.add(Repository.root().relativize(file).toString());
            }
        }
        assertThat(violations).isEmpty();
    }

    private static boolean isText(Path file) {
        String name = file.getFileName().toString();
        return !name.endsWith(".safetensors") && !name.endsWith(".gguf") && !name.endsWith(".jar");
    }
}
