package io.millrace.standalone.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.standalone.cli.ExampleLines.Line;
import io.millrace.standalone.client.ExampleStream;
import io.millrace.standalone.client.ServerClient;
import io.millrace.topics.Topics;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** {@code push --dry-run}: asks the trainer what lines would come to, and adds what only all lines together show. */
final class DryRun {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String CHECK = "/api/v1/trainer/examples/check";

    private final ServerClient server;
    private final Out out;
    private final Foreseen foreseen = new Foreseen();

    /** Told what a line would come to. */
    private interface Told {
        void line(ObjectNode line) throws IOException;
    }

    DryRun(ServerClient server, Out out) {
        this.server = server;
        this.out = out;
    }

    /** @throws MillraceException {@code bad_request} where a line would be refused, after all was reported */
    void run(ExampleLines lines) {
        lines.requireFiles();
        if (out.json()) {
            out.result(json -> {
                json.setCodec(JSON);
                json.writeStartObject();
                json.writeArrayFieldStart("lines");
                check(lines, json::writeTree);
                json.writeEndArray();
                for (Map.Entry<String, JsonNode> field : foreseen.summary().properties()) {
                    json.writeFieldName(field.getKey());
                    json.writeTree(field.getValue());
                }
                json.writeEndObject();
            });
        } else {
            check(lines, this::print);
            foreseen.lines().forEach(out::line);
        }
        if (foreseen.refused() > 0) {
            throw new MillraceException(
                    ErrorCode.BAD_REQUEST,
                    foreseen.refused() + " of " + foreseen.total()
                            + " lines would be refused; mend them, or push without --dry-run to have the rest trained");
        }
    }

    private void check(ExampleLines lines, Told told) {
        lines.eachBatch(batch -> ask(batch, told));
    }

    /** What no producer could send is not asked about. */
    private void ask(List<Line> batch, Told told) throws IOException {
        List<String> records = batch.stream()
                .filter(line -> !ExampleStream.tooLarge(line.bytes()))
                .map(Line::text)
                .toList();
        JsonNode answers = records.isEmpty()
                ? JSON.createArrayNode()
                : server.post(CHECK, Map.of("records", records)).path("records");
        int next = 0;
        for (Line line : batch) {
            JsonNode answer = ExampleStream.tooLarge(line.bytes()) ? tooLarge() : answers.path(next++);
            told.line(foreseen.add(line, answer));
        }
    }

    private static JsonNode tooLarge() {
        return JSON.createObjectNode()
                .put("outcome", "REJECTED")
                .put("code", ErrorCode.RECORD_TOO_LARGE.code())
                .put("message", "the record is larger than the " + Topics.MAX_EXAMPLE_BYTES + " bytes allowed");
    }

    /** What goes in as it is needs no line. */
    private void print(ObjectNode line) {
        String outcome = line.path("outcome").asText();
        String place = line.path("place").asText() + " ";
        if (outcome.equals("REJECTED")) {
            out.line(place + line.path("code").asText() + ": "
                    + line.path("message").asText());
        } else if (outcome.equals("DUPLICATE")) {
            out.line(place + "duplicate of " + line.path("same_as").asText());
        } else {
            Optional.of(line.path("same_content_as").asText(""))
                    .filter(other -> !other.isEmpty())
                    .ifPresent(other -> out.line(place + "same content as " + other + ", under another id"));
            if (line.path("truncated").asBoolean()) {
                out.line(place + "prompt cut from the left: "
                        + line.path("tokens").asInt() + " tokens, the limit is "
                        + line.path("limit").asInt());
            }
        }
    }
}
