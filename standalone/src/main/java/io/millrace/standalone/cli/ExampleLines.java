package io.millrace.standalone.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The examples of some files, a JSON object a line; {@code -} is the standard input.
 *
 * @param adapter put into examples that name none
 */
public record ExampleLines(List<String> files, Optional<String> adapter) {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int BATCH_LINES = 500;
    private static final long BATCH_CHARS = 1 << 20;

    /**
     * A line that isn't blank.
     *
     * @param number of the line in its file, from 1
     */
    public record Line(String file, long number, String text) {
        public byte[] bytes() {
            return text.getBytes(StandardCharsets.UTF_8);
        }

        /** As people find it. */
        public String place() {
            return file + ":" + number;
        }
    }

    /** Takes one line after another. */
    public interface Each {
        void line(Line line) throws IOException;
    }

    /** Takes some lines after others. */
    public interface EachBatch {
        void lines(List<Line> batch) throws IOException;
    }

    /** @throws MillraceException {@code bad_request} where a file is none */
    void requireFiles() {
        for (String file : files) {
            if (!file.equals("-") && !Files.isRegularFile(Path.of(file))) {
                throw new MillraceException(
                        ErrorCode.BAD_REQUEST, file + " is no file; name a file with a JSON object a line, or -");
            }
        }
    }

    public void each(Each each) {
        requireFiles();
        for (String file : files) {
            try (InputStream in = file.equals("-") ? System.in : Files.newInputStream(Path.of(file))) {
                each(file, in, each);
            } catch (IOException e) {
                throw new MillraceException(ErrorCode.BAD_REQUEST, file + " can't be read: " + e.getMessage(), e);
            }
        }
    }

    /** All lines, no more at once than a request to a server may have. */
    public void eachBatch(EachBatch each) {
        List<Line> batch = new ArrayList<>();
        long[] chars = {0};
        each(line -> {
            if (batch.size() == BATCH_LINES
                    || (!batch.isEmpty() && chars[0] + line.text().length() > BATCH_CHARS)) {
                each.lines(List.copyOf(batch));
                batch.clear();
                chars[0] = 0;
            }
            batch.add(line);
            chars[0] += line.text().length();
        });
        if (!batch.isEmpty()) {
            try {
                each.lines(batch);
            } catch (IOException e) {
                throw new MillraceException(ErrorCode.INTERNAL, e.getMessage(), e);
            }
        }
    }

    private void each(String file, InputStream in, Each each) throws IOException {
        BufferedReader lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
        long number = 0;
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            number++;
            if (!line.isBlank()) {
                each.line(new Line(file, number, withAdapter(line)));
            }
        }
    }

    /** The line with the adapter put in where it names none; a line that is no JSON object goes as it is. */
    private String withAdapter(String line) {
        if (adapter.isEmpty()) {
            return line;
        }
        try {
            JsonNode record = JSON.readTree(line);
            if (record instanceof ObjectNode object && !object.has("adapter")) {
                object.put("adapter", adapter.get());
                return object.toString();
            }
        } catch (JsonProcessingException e) {
            // The curator says what is wrong with it, and keeps it as a dead letter.
            return line;
        }
        return line;
    }
}
