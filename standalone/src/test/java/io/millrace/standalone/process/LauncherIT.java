package io.millrace.standalone.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.standalone.architecture.Repository;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The script {@code millrace}, with what was packaged. */
class LauncherIT {
    /** Above the largest that Linux gives a process. */
    private static final String NO_PROCESS = "4194999";

    @TempDir
    Path home;

    private Path temporaryOf(String process, Duration old) throws IOException {
        Path folder = Files.createDirectories(home.resolve(".millrace/tmp/" + process));
        Files.writeString(folder.resolve("libunpacked.so"), "native code");
        Files.setLastModifiedTime(folder, FileTime.from(Instant.now().minus(old)));
        return folder;
    }

    @Test
    void whatAKilledProcessUnpackedIsRemovedByTheNext() throws Exception {
        Path killed = temporaryOf(NO_PROCESS, Duration.ofHours(1));
        Path running = temporaryOf(Long.toString(ProcessHandle.current().pid()), Duration.ofHours(1));
        Path elsewhere = temporaryOf(NO_PROCESS + "0", Duration.ZERO);
        String launcher = Repository.root().resolve("millrace").toString();

        try (ChildProcess list =
                ChildProcess.start(home, Map.of("HOME", home.toString()), List.of("bash", launcher, "base", "list"))) {
            assertThat(list.exit(Duration.ofMinutes(1))).as(list.err()).isZero();
        }

        assertThat(killed).doesNotExist();
        assertThat(running).isDirectoryContaining(file -> file.endsWith("libunpacked.so"));
        assertThat(elsewhere).isDirectoryContaining(file -> file.endsWith("libunpacked.so"));
    }
}
