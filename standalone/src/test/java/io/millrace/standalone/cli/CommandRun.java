package io.millrace.standalone.cli;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Map;
import picocli.CommandLine;

/** A command line run in this JVM, as the launcher would run it. */
public record CommandRun(int exit, String out, String err) {
    public static CommandRun of(String... args) {
        return with(Map.of(), args);
    }

    public static CommandRun with(Map<String, String> environment, String... args) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        CommandLine line = MillraceCommandLine.create(environment);
        line.setOut(new PrintWriter(out));
        line.setErr(new PrintWriter(err));
        int exit = line.execute(args);
        return new CommandRun(exit, out.toString(), err.toString());
    }
}
