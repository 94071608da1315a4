package io.millrace.standalone.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.standalone.cli.DoctorCommand.Check;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DiskUseTest {
    private static final Instant NOW = Instant.parse("2026-01-10T12:00:00Z");
    private static final int MIB = 1 << 20;

    @TempDir
    Path data;

    private void file(String name, int bytes, Duration age) throws IOException {
        Path file = data.resolve(name);
        Files.createDirectories(file.getParent());
        Files.write(file, new byte[bytes]);
        Files.setLastModifiedTime(file, FileTime.from(NOW.minus(age)));
    }

    @Test
    void saysWhatKeepsTheDiskBusyAndWhenItIsFull() throws IOException {
        file("objects/a/old", 8 * MIB, Duration.ofDays(5));
        file("objects/b/new", 7 * MIB, Duration.ofHours(3));
        file("kafka/log", MIB, Duration.ofHours(3));
        String status = "{\"adapters\":[{\"checkpointBytes\":" + 4 * MIB + "},{\"checkpointBytes\":" + MIB + "}]}";

        List<Check> checks =
                new DiskUse(data, 20L * MIB, NOW, Optional.of(new ObjectMapper().readTree(status))).checks();

        assertThat(checks).extracting(Check::name).containsExactly("objects on disk", "Kafka on disk", "disk forecast");
        assertThat(checks.get(0).detail()).contains("0.01 GiB", "the last three of each of 2 adapters");
        assertThat(checks.get(2).ok()).isTrue();
        assertThat(checks.get(2).detail()).contains("full in about 10 days");
    }

    @Test
    void aDiskThatIsSoonFullIsToBeFixed() throws IOException {
        file("objects/new", 2 * MIB, Duration.ofHours(12));

        Check forecast =
                new DiskUse(data, 20L * MIB, NOW, Optional.empty()).checks().get(2);

        assertThat(forecast.ok()).isFalse();
        assertThat(forecast.detail()).contains("full in about 5 days");
    }

    @Test
    void anHourIsTooShortForAForecast() throws IOException {
        file("objects/new", 8 * MIB, Duration.ofMinutes(20));

        Check forecast =
                new DiskUse(data, 20L * MIB, NOW, Optional.empty()).checks().get(2);

        assertThat(forecast.ok()).isTrue();
        assertThat(forecast.detail()).startsWith("too early to say");
    }

    @Test
    void aFolderWithoutObjectsSaysNothing() throws IOException {
        assertThat(new DiskUse(data, 1, NOW, Optional.empty()).checks()).isEmpty();
    }
}
