package io.millrace.standalone.cli;

import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import java.io.IOException;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * Where an option that isn't given comes from: {@code --data-dir} from {@code MILLRACE_DATA_DIR}, else from
 * {@code millrace.data-dir} in {@code config/application.properties} or {@code application.properties} of the working
 * directory, the places where the services look too.
 */
final class SettingDefaults implements CommandLine.IDefaultValueProvider {
    private static final Set<String> SETTINGS = Set.of(
            "--server",
            "--token",
            "--kafka",
            "--base",
            "--base-dir",
            "--data-dir",
            "--port",
            "--kafka-port",
            "--s3-port",
            "--host",
            "--device",
            "--threads",
            "--dtype",
            "--model");

    private final Map<String, String> environment;
    private final Properties properties = new Properties();

    SettingDefaults(Map<String, String> environment) {
        this.environment = environment;
        for (String file : List.of("application.properties", "config/application.properties")) {
            load(Path.of(file));
        }
    }

    @Override
    public String defaultValue(ArgSpec argument) {
        if (!(argument instanceof OptionSpec option) || !SETTINGS.contains(option.longestName())) {
            return argument.defaultValue();
        }
        String name = option.longestName().substring(2);
        String variable = "MILLRACE_" + name.replace('-', '_').toUpperCase(Locale.ROOT);
        String fromEnvironment = environment.getOrDefault(variable, "");
        return fromEnvironment.isEmpty()
                ? properties.getProperty("millrace." + name, argument.defaultValue())
                : fromEnvironment;
    }

    private void load(Path file) {
        if (!Files.isRegularFile(file)) {
            return;
        }
        try (Reader reader = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
            properties.load(reader);
        } catch (IOException | IllegalArgumentException e) {
            throw new MillraceException(
                    ErrorCode.BAD_SETTING, file.toAbsolutePath() + " can't be read: " + e.getMessage(), e);
        }
    }
}
