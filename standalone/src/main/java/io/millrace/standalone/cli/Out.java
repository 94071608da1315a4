package io.millrace.standalone.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** What every command prints through: text for people, or with {@code --json} one JSON document and nothing else. */
public final class Out {
    private static final ObjectMapper JSON = new ObjectMapper();

    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    @Option(names = "--json", description = "Print the result as JSON on stdout, and nothing else there.")
    private boolean json;

    public boolean json() {
        return json;
    }

    /** A line for people; left out with {@code --json}. */
    public void line(String text) {
        if (!json) {
            stdout().println(text);
            stdout().flush();
        }
    }

    /** A part of a line for people, shown at once. */
    public void part(String text) {
        if (!json) {
            stdout().print(text);
            stdout().flush();
        }
    }

    /** The result; printed with {@code --json} only. */
    public void result(Object result) {
        if (json) {
            stdout().println(toJson(result));
            stdout().flush();
        }
    }

    /** Writes one JSON document piece by piece. */
    public interface Document {
        void write(JsonGenerator json) throws IOException;
    }

    /** A result that may be too large to be held, written as it comes; printed with {@code --json} only. */
    public void result(Document document) {
        if (!json) {
            return;
        }
        try (JsonGenerator generator = JSON.createGenerator(stdout())) {
            generator.disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET);
            document.write(generator);
        } catch (IOException e) {
            throw new MillraceException(
                    ErrorCode.INTERNAL, "the result can't be written as JSON: " + e.getMessage(), e);
        }
        stdout().println();
        stdout().flush();
    }

    /** What happens meanwhile: on stderr with {@code --json}, else on stdout. */
    public void note(String text) {
        PrintWriter writer = json ? command.commandLine().getErr() : stdout();
        writer.println(text);
        writer.flush();
    }

    /** Columns as wide as they need to be; the first row is the heading. */
    public void table(List<List<String>> rows) {
        List<Integer> widths = new ArrayList<>();
        for (List<String> row : rows) {
            for (int i = 0; i < row.size(); i++) {
                int width = row.get(i).length();
                if (i == widths.size()) {
                    widths.add(width);
                } else {
                    widths.set(i, Math.max(widths.get(i), width));
                }
            }
        }
        for (List<String> row : rows) {
            StringBuilder text = new StringBuilder();
            for (int i = 0; i < row.size(); i++) {
                text.append(row.get(i))
                        .append(" ".repeat(widths.get(i) - row.get(i).length() + 2));
            }
            line(text.toString().stripTrailing());
        }
    }

    public static String toJson(Object value) {
        try {
            return JSON.writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new MillraceException(
                    ErrorCode.INTERNAL, "the result can't be written as JSON: " + e.getMessage(), e);
        }
    }

    private PrintWriter stdout() {
        return command.commandLine().getOut();
    }
}
