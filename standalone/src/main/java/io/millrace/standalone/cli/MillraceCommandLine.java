package io.millrace.standalone.cli;

import io.millrace.core.MillraceException;
import java.io.PrintWriter;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.logging.Level;
import java.util.logging.Logger;
import picocli.CommandLine;

/** Puts the command tree together with what all commands share: defaults, exit codes and one-line errors. */
public final class MillraceCommandLine {
    static final int FAILED = 1;
    static final int WRONG_USAGE = 2;

    private MillraceCommandLine() {}

    public static CommandLine create() {
        return create(System.getenv());
    }

    static CommandLine create(Map<String, String> environment) {
        Logger.getLogger("").setLevel(Level.WARNING);
        CommandLine line = new CommandLine(new MillraceCommand());
        line.setDefaultValueProvider(new SettingDefaults(environment));
        line.setCaseInsensitiveEnumValuesAllowed(true);
        line.setUsageHelpAutoWidth(true);
        line.setParameterExceptionHandler(MillraceCommandLine::wrongUsage);
        line.setExecutionExceptionHandler((failure, command, parsed) -> failed(failure, command, environment));
        return line;
    }

    private static int wrongUsage(CommandLine.ParameterException wrong, String[] args) {
        CommandLine command = wrong.getCommandLine();
        PrintWriter err = command.getErr();
        List<String> suggestions = wrong instanceof CommandLine.UnmatchedArgumentException unmatched
                ? unmatched.getSuggestions()
                : List.of();
        String hint = suggestions.isEmpty() ? "" : "; did you mean '" + suggestions.get(0) + "'?";
        err.println(oneLine(wrong.getMessage()) + hint + "; see '"
                + command.getCommandSpec().qualifiedName() + " --help'");
        return WRONG_USAGE;
    }

    private static int failed(Exception failure, CommandLine command, Map<String, String> environment) {
        Throwable cause = unwrapped(failure);
        String message = cause instanceof MillraceException || cause instanceof java.io.UncheckedIOException
                ? cause.getMessage()
                : "unexpected " + cause.getClass().getSimpleName()
                        + Optional.ofNullable(cause.getMessage())
                                .map(m -> ": " + m)
                                .orElse("")
                        + "; set MILLRACE_DEBUG=1 to see where";
        command.getErr().println(command.getCommandName() + ": " + oneLine(message));
        if (environment.containsKey("MILLRACE_DEBUG")) {
            failure.printStackTrace(command.getErr());
        }
        return FAILED;
    }

    /** What went wrong, without what carried it across threads. */
    private static Throwable unwrapped(Throwable failure) {
        Throwable at = failure;
        while (!(at instanceof MillraceException)
                && at.getCause() != null
                && (at instanceof java.util.concurrent.ExecutionException
                        || at instanceof java.util.concurrent.CompletionException)) {
            at = at.getCause();
        }
        return at;
    }

    private static String oneLine(String text) {
        return text == null ? "" : text.strip().replaceAll("\\s*\\R\\s*", " ");
    }
}
