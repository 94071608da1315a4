package io.millrace.standalone.cli.adapters;

import com.fasterxml.jackson.databind.JsonNode;
import io.millrace.core.AdapterName;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import java.io.IOException;
import java.util.List;
import java.util.Map;

/**
 * What a command's exit code says of a version.
 *
 * @param quiet whether what it prints on stdout is dropped
 */
record CommandTest(String server, AdapterName adapter, List<String> command, boolean quiet) implements VersionTest {
    private static final int SKIP = 125;
    private static final int BAD_AT_MOST = 127;

    @Override
    public Verdict of(JsonNode version) {
        int exit = run(version);
        if (exit > BAD_AT_MOST) {
            throw new MillraceException(
                    ErrorCode.BAD_REQUEST,
                    "the command ended with " + exit + " for " + VersionTest.label(version) + ": stopped");
        }
        return exit == 0 ? Verdict.GOOD : exit == SKIP ? Verdict.SKIPPED : Verdict.BAD;
    }

    private int run(JsonNode version) {
        String id = version.path("version").asText();
        ProcessBuilder process = new ProcessBuilder(command).inheritIO();
        if (quiet) {
            process.redirectOutput(ProcessBuilder.Redirect.DISCARD);
        }
        process.environment()
                .putAll(Map.of(
                        "MILLRACE_ADAPTER",
                        adapter.toString(),
                        "MILLRACE_VERSION",
                        id,
                        "MILLRACE_MODEL",
                        adapter + "@" + id,
                        "MILLRACE_SERVER",
                        server));
        try {
            return process.start().waitFor();
        } catch (IOException e) {
            throw new MillraceException(ErrorCode.BAD_REQUEST, "the command can't be run: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new MillraceException(ErrorCode.TIMED_OUT, "interrupted", e);
        }
    }
}
