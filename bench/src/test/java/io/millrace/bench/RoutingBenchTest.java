package io.millrace.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class RoutingBenchTest {
    @TempDir
    private Path directory;

    private static String line(String topic, String prompt) {
        return "{\"topic\": \"" + topic + "\", \"prompt\": \"" + prompt + "\", \"completion\": \"x\"}";
    }

    @Test
    void printsOneLineWithAccuracyAndAuroc() throws Exception {
        // Given
        Files.write(
                directory.resolve("d.train.jsonl"),
                List.of(
                        line("lights", "turn on the lamp"),
                        line("lights", "dim the lights in the bedroom"),
                        line("travel", "book a flight to Rome"),
                        line("travel", "find me a hotel in Oslo"),
                        line("out_of_scope", "what is love")));
        Files.write(
                directory.resolve("d.test.jsonl"),
                List.of(
                        line("lights", "switch off the kitchen lights"),
                        line("travel", "I want to fly to Paris"),
                        line("out_of_scope", "prove that the square root of two is irrational")));
        StringWriter out = new StringWriter();

        // When
        int exit = new CommandLine(new RoutingBench())
                .setOut(new PrintWriter(out))
                .execute("--data", directory.resolve("d").toString());

        // Then
        JsonNode line = new ObjectMapper().readTree(out.toString());
        assertThat(exit).isZero();
        assertThat(out.toString().lines()).hasSize(1);
        assertThat(line.path("bench").asText()).isEqualTo("routing");
        assertThat(line.path("topics").asInt()).isEqualTo(2);
        assertThat(line.path("accuracy").asDouble()).isEqualTo(1);
        assertThat(line.path("auroc").asDouble()).isEqualTo(1);
        assertThat(line.path("out_of_scope_abstained").asDouble()).isEqualTo(1);
    }

    @Test
    void complainsAboutDataItCannotRead() {
        StringWriter err = new StringWriter();
        int exit = new CommandLine(new RoutingBench())
                .setErr(new PrintWriter(err))
                .execute("--data", directory.resolve("none").toString());
        assertThat(exit).isEqualTo(1);
        assertThat(err.toString()).contains("none.train.jsonl");
    }
}
